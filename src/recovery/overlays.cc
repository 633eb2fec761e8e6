#include "recovery/overlays.h"

#include "qemu/image_tool.h"
#include "recovery/limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

namespace reviver::recovery {

sys::Path Overlays::path_of(const FailoverPlan& plan, const DiskKey& disk) const {
    return directory_ / disk.vm.text() /
           fmt::format("{}-{}-{}.qcow2", disk.target, plan.epoch.value, plan.sequence.value);
}

sys::Path Overlays::absent(const DiskKey& disk) const {
    return directory_ / disk.vm.text() / (disk.target + "-of-a-replica-that-is-not-failed-over");
}

// A name that is no overlay's says nothing; one more that is taken for one costs a number.
Epoch Overlays::epoch_used(VmId vm) {
    static const std::regex name(R"(.+-(\d{1,18})-\d+\.qcow2)");
    const sys::Path directory = directory_ / vm.text();
    Epoch latest;
    if (!files_.exists(directory)) return latest;
    for (const std::string& file : files_.list(directory)) {
        std::smatch parts;
        if (std::regex_match(file, parts, name))
            latest = std::max(latest, Epoch{std::stoull(parts[1])});
    }
    return latest;
}

void Overlays::make(const FailoverPlan& plan, const PlanDisk& disk) {
    const sys::Path path = path_of(plan, disk.key);
    const sys::Path unfinished = path.string() + ".new";
    files_.make_directories(path.parent_path());
    files_.remove(unfinished);
    qemu::create_overlay(unfinished, disk.top, disk.top_format, disk.size_bytes);
    qemu::add_bitmap(unfinished, plan.bitmap, bitmap_granularity);
    files_.open(unfinished, sys::OpenMode::write)->sync();
    files_.rename(unfinished, path);
    files_.sync_directory(path.parent_path());
}

void Overlays::remove(const FailoverPlan& plan, const DiskKey& disk) {
    const sys::Path path = path_of(plan, disk);
    files_.remove(path);
    files_.remove(path.string() + ".new");
}

}  // namespace reviver::recovery
