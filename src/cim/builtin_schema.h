// The classes that Reviver serves, from the files of schema/, which are part of the program.
#pragma once

#include "cim/schema.h"

#include <memory>

namespace reviver::cim {

inline constexpr const char* hyperv_cluster_namespace = "root/HyperVCluster/v2";

// Parsed anew at each call; resolved.
std::shared_ptr<const Schema> load_hyperv_cluster_schema();

// What single VMs show of their replication.
inline constexpr const char* virtualization_namespace = "root/virtualization/v2";

std::shared_ptr<const Schema> load_virtualization_schema();

// Where clients of CIM-XML learn which namespaces there are; one of the two names is what they try.
inline constexpr const char* interop_namespaces[] = {"interop", "root/interop"};

std::shared_ptr<const Schema> load_interop_schema(const char* name_space);

}  // namespace reviver::cim
