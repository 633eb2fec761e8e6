#include "provider/names.h"

#include "base/error.h"

#include <charconv>

namespace reviver::provider {

namespace {
constexpr std::string_view prefix = "Reviver:";
constexpr std::string_view settings_suffix = "\\HVR";
}  // namespace

cim::ObjectPath path_of_collection(const std::string& class_name, CollectionId id) {
    return cim::ObjectPath(class_name, {{"CollectionID", id.text()}});
}

cim::ObjectPath path_of_vm(VmId id) {
    return cim::ObjectPath("Msvm_ComputerSystem",
                           {{"CreationClassName", "Msvm_ComputerSystem"}, {"Name", id.text()}});
}

cim::ObjectPath path_of_job(JobId id) {
    return cim::ObjectPath("Msvm_ConcreteJob", {{"InstanceID", id.text()}});
}

cim::ObjectPath path_of_settings(CollectionId id) {
    return cim::ObjectPath("Msvm_CollectionReplicationSettingData",
                           {{"InstanceID", settings_instance_id(id)}});
}

cim::ObjectPath path_of_point(CollectionId id, Sequence sequence) {
    return cim::ObjectPath(
        "Msvm_CollectionRecoveryPoint",
        {{"CollectionID", id.text()}, {"InstanceID", point_instance_id(id, sequence)}});
}

cim::ObjectPath path_of_service(const std::string& class_name, const std::string& service_name,
                                const std::string& site_name) {
    return cim::ObjectPath(class_name, {{"CreationClassName", class_name},
                                        {"Name", service_name},
                                        {"SystemCreationClassName", "Msvm_ComputerSystem"},
                                        {"SystemName", site_name}});
}

cim::ObjectPath path_of_service_settings() {
    return cim::ObjectPath("Msvm_ReplicationServiceSettingData",
                           {{"InstanceID", "Reviver:ReplicationServiceSettings"}});
}

cim::ObjectPath path_of_authorization(const std::string& primary) {
    return cim::ObjectPath("Msvm_ReplicationAuthorizationSettingData",
                           {{"InstanceID", "Reviver:Authorization\\" + primary}});
}

std::string adapter_instance_id(VmId vm, const std::string& adapter) {
    return fmt::format("Reviver:{}\\Adapter\\{}", vm.text(), adapter);
}

std::string adapter_of(const std::string& instance_id, VmId vm) {
    const std::string before = adapter_instance_id(vm, "");
    if (!instance_id.starts_with(before) || instance_id.size() == before.size()) {
        fail(Code::invalid_parameter,
             "the InstanceID '{}' names no network adapter of VM {}; take the instance that the VM "
             "has and change it",
             instance_id, vm.text());
    }
    return instance_id.substr(before.size());
}

std::string settings_instance_id(CollectionId id) {
    return std::string(prefix) + id.text() + std::string(settings_suffix);
}

std::string point_instance_id(CollectionId id, Sequence point) {
    return std::string(prefix) + id.text() + "\\" + std::to_string(point.value);
}

CollectionId collection_of(const cim::ObjectPath& path) {
    const auto id = CollectionId::parse(path.key_text("CollectionID"));
    if (!id) fail(Code::invalid_parameter, "{} names no collection", path.text());
    return *id;
}

VmId vm_of(const cim::ObjectPath& path) {
    const auto id = VmId::parse(path.key_text("Name"));
    if (!id) fail(Code::invalid_parameter, "{} names no virtual machine", path.text());
    return *id;
}

PointName point_of(const cim::ObjectPath& path) {
    const std::string text = path.key_text("InstanceID");
    const std::size_t slash = text.rfind('\\');
    PointName name;
    if (text.starts_with(prefix) && slash != std::string::npos) {
        const auto id = CollectionId::parse(
            std::string_view(text).substr(prefix.size(), slash - prefix.size()));
        const char* end = text.data() + text.size();
        const auto [stop, error] =
            std::from_chars(text.data() + slash + 1, end, name.sequence.value);
        if (id && error == std::errc() && stop == end) {
            name.collection = *id;
            return name;
        }
    }
    fail(Code::invalid_parameter, "{} names no recovery point", path.text());
}

std::optional<CollectionId> collection_of_settings(const std::string& instance_id) {
    std::string_view text = instance_id;
    if (!text.starts_with(prefix) || !text.ends_with(settings_suffix)) return std::nullopt;
    text.remove_prefix(prefix.size());
    text.remove_suffix(settings_suffix.size());
    return CollectionId::parse(text);
}

}  // namespace reviver::provider
