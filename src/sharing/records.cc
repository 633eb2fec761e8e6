#include "sharing/records.h"

#include "base/error.h"
#include "base/log.h"
#include "hypervisor/shared_socket.h"
#include "sharing/limits.h"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace reviver::sharing {

namespace json = boost::json;

namespace {

constexpr int version = 1;

json::object json_of(const Image& image, const std::string& lock) {
    return {{"image", image.path.string()}, {"format", image.format}, {"lock", lock}};
}

std::string text_in(const json::object& from, const char* name) {
    return std::string(from.at(name).as_string());
}

Image image_in(const json::object& from) {
    return {text_in(from, "image"), text_in(from, "format")};
}

SharedDisk disk_of(VmId id, const json::object& from) {
    if (from.at("version").as_int64() != version)
        fail(Code::corrupt, "it is of version {}, this Reviver knows {}",
             from.at("version").as_int64(), version);
    SharedDisk disk{id, text_in(from, "name"), image_in(from), text_in(from, "lock"), false, {}};
    disk.set_up_by_failover = from.at("set_up_by_failover").as_bool();
    if (const json::value* before = from.if_contains("before")) {
        const json::object& was = before->as_object();
        disk.before = SharedDisk::Before{image_in(was), text_in(was, "lock")};
    }
    return disk;
}

}  // namespace

sys::Path Records::path_of(VmId disk) const {
    return hypervisor::shared_disk_directory(data_, disk) / "disk.json";
}

std::vector<SharedDisk> Records::load() {
    std::vector<SharedDisk> disks;
    const sys::Path all = hypervisor::shared_disk_directory(data_, VmId()).parent_path();
    files_.make_directories(all);
    for (const std::string& name : files_.list(all)) {
        const auto id = VmId::parse(name);
        if (!id || !files_.exists(path_of(*id))) continue;
        try {
            const Bytes content = sys::read_file(files_, path_of(*id), record_bytes_max);
            disks.push_back(disk_of(*id, json::parse(text_of(content)).as_object()));
        } catch (const std::exception& e) {
            fail(Code::corrupt,
                 "{} is damaged ({}): restore it, or remove it and add the shared disk anew",
                 path_of(*id).string(), e.what());
        }
    }
    return disks;
}

void Records::save(const SharedDisk& disk) {
    json::object object = json_of(disk.image, disk.lock);
    object["version"] = version;
    object["name"] = disk.name;
    object["set_up_by_failover"] = disk.set_up_by_failover;
    if (disk.before) object["before"] = json_of(disk.before->image, disk.before->lock);
    files_.make_directories(path_of(disk.id).parent_path());
    sys::replace_file(files_, path_of(disk.id), bytes_of(json::serialize(object)));
}

void Records::remove(VmId disk) {
    if (!files_.exists(path_of(disk))) return;
    files_.remove(path_of(disk));
    files_.sync_directory(path_of(disk).parent_path());
}

}  // namespace reviver::sharing
