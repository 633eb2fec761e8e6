// The classes that Reviver serves, from the files of schema/, which are part of the program.
#pragma once

#include "cim/schema.h"

#include <memory>

namespace reviver::cim {

inline constexpr const char* hyperv_cluster_namespace = "root/HyperVCluster/v2";

// Parsed anew at each call; resolved.
std::shared_ptr<const Schema> load_hyperv_cluster_schema();

}  // namespace reviver::cim
