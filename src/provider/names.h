// Names and paths of the instances that the provider gives: made and read here alone.
#pragma once

#include "cim/object_path.h"
#include "model/job.h"
#include "model/point.h"

#include <optional>
#include <string>

namespace reviver::provider {

cim::ObjectPath path_of_collection(const std::string& class_name, CollectionId id);
cim::ObjectPath path_of_vm(VmId id);
cim::ObjectPath path_of_job(JobId id);
cim::ObjectPath path_of_settings(CollectionId id);
cim::ObjectPath path_of_point(CollectionId id, Sequence sequence);
cim::ObjectPath path_of_service(const std::string& class_name, const std::string& service_name,
                                const std::string& site_name);

std::string settings_instance_id(CollectionId id);               // Reviver:<collection>\HVR
std::string point_instance_id(CollectionId id, Sequence point);  // Reviver:<collection>\<sequence>

cim::ObjectPath path_of_service_settings();
cim::ObjectPath path_of_authorization(const std::string& primary);
// Reviver:<vm>\Adapter\<name>
std::string adapter_instance_id(VmId vm, const std::string& adapter);
std::string adapter_of(const std::string& instance_id, VmId vm);  // Code::invalid_parameter

// Code::invalid_parameter for a path that names no collection, VM or point.
CollectionId collection_of(const cim::ObjectPath& path);
VmId vm_of(const cim::ObjectPath& path);
struct PointName {
    CollectionId collection;
    Sequence sequence;
};
PointName point_of(const cim::ObjectPath& path);
std::optional<CollectionId> collection_of_settings(const std::string& instance_id);

}  // namespace reviver::provider
