#include "capture/disk_memory.h"

#include "base/error.h"
#include "base/log.h"
#include "capture/limits.h"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>

namespace reviver::capture {

namespace json = boost::json;

namespace {

constexpr int format_version = 1;

json::object to_json(const RememberedDisk& disk) {
    json::object out;
    if (disk.acknowledged) {
        out["acknowledged"] = disk.acknowledged->value;
        out["state"] = disk.state;
        out["base"] = disk.base;
    }
    if (disk.bulk_on) {
        out["bulk_on"] = disk.bulk_on->value;
        out["bulk"] = disk.bulk;
        out["bulk_state"] = disk.bulk_state;
    }
    return out;
}

std::string text_of_field(const json::object& from, std::string_view name) {
    return json::value_to<std::string>(from.at(name));
}

RememberedDisk from_json(const json::object& from) {
    RememberedDisk disk;
    if (from.contains("acknowledged")) {
        disk.acknowledged = Sequence{from.at("acknowledged").to_number<std::uint64_t>()};
        disk.state = text_of_field(from, "state");
        disk.base = text_of_field(from, "base");
    }
    if (from.contains("bulk_on")) {
        disk.bulk_on = Sequence{from.at("bulk_on").to_number<std::uint64_t>()};
        disk.bulk = text_of_field(from, "bulk");
        disk.bulk_state = text_of_field(from, "bulk_state");
    }
    return disk;
}

struct stat status_of(const sys::Path& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0)
        fail_errno(errno, "looking at the image " + path.string());
    return status;
}

}  // namespace

DiskMemory::DiskMemory(sys::Files& files, sys::Path file) : files_(files), file_(std::move(file)) {
    if (files_.exists(file_)) load();
}

void DiskMemory::load() {
    try {
        const Bytes content = sys::read_file(files_, file_, record_bytes_max);
        const auto root = json::parse(text_of(content));
        if (root.at("version").to_number<int>() != format_version) return;
        for (const auto& [name, value] : root.at("disks").as_object())
            disks_[std::string(name)] = from_json(value.as_object());
    } catch (const std::exception& error) {
        disks_.clear();
        log_warning("{} is of no use ({}): disks of VMs that are off will be compared",
                    file_.string(), error.what());
    }
}

const RememberedDisk* DiskMemory::find(const DiskKey& disk) const {
    const auto it = disks_.find(disk.text());
    return it == disks_.end() ? nullptr : &it->second;
}

void DiskMemory::put(const DiskKey& disk, RememberedDisk remembered) {
    auto& slot = disks_[disk.text()];
    if (slot == remembered) return;
    slot = std::move(remembered);
    changed_ = true;
}

void DiskMemory::forget(const DiskKey& disk) {
    if (disks_.erase(disk.text()) != 0) changed_ = true;
}

void DiskMemory::save() {
    if (!changed_) return;
    json::object disks;
    for (const auto& [name, disk] : disks_) disks[name] = to_json(disk);
    const json::object root{{"version", format_version}, {"disks", std::move(disks)}};
    sys::replace_file(files_, file_, bytes_of(json::serialize(root)));
    changed_ = false;
}

std::optional<ImageState> state_of_image(const sys::Path& path) {
    const auto status = status_of(path);
    if (!S_ISREG(status.st_mode)) return std::nullopt;
    return fmt::format("{}:{}:{}:{}.{:09}:{}.{:09}", status.st_dev, status.st_ino, status.st_size,
                       status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
                       status.st_ctim.tv_nsec);
}

std::uint64_t device_at(const sys::Path& path) {
    return status_of(path).st_rdev;
}

}  // namespace reviver::capture
