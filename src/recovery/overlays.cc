#include "recovery/overlays.h"

#include "qemu/image_tool.h"
#include "recovery/limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace reviver::recovery {

namespace {

constexpr std::string_view ending = ".qcow2";

// What stands behind the last "-" is taken off; nothing where that is no number.
std::optional<std::uint64_t> take_number(std::string_view& name) {
    const std::size_t dash = name.rfind('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const std::string_view digits = name.substr(dash + 1);
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), number);
    if (digits.empty() || error != std::errc() || end != digits.end()) return std::nullopt;
    name.remove_suffix(name.size() - dash);
    return number;
}

// TARGET-EPOCH-SEQUENCE.qcow2, as path_of() makes it.
std::optional<Epoch> epoch_in(std::string_view name) {
    if (!name.ends_with(ending)) return std::nullopt;
    name.remove_suffix(ending.size());
    if (!take_number(name)) return std::nullopt;
    const auto epoch = take_number(name);
    if (!epoch || name.empty()) return std::nullopt;
    return Epoch{*epoch};
}

}  // namespace

sys::Path Overlays::path_of(const FailoverPlan& plan, const DiskKey& disk) const {
    return directory_ / disk.vm.text() /
           fmt::format("{}-{}-{}.qcow2", disk.target, plan.epoch.value, plan.sequence.value);
}

sys::Path Overlays::absent(const DiskKey& disk) const {
    return directory_ / disk.vm.text() / (disk.target + "-of-a-replica-that-is-not-failed-over");
}

// A name that is no overlay's says nothing; one more that is taken for one costs a number.
Epoch Overlays::epoch_used(VmId vm) {
    const sys::Path directory = directory_ / vm.text();
    Epoch latest;
    if (!files_.exists(directory)) return latest;
    for (const std::string& file : files_.list(directory)) {
        if (const auto epoch = epoch_in(file)) latest = std::max(latest, *epoch);
    }
    return latest;
}

void Overlays::make(const FailoverPlan& plan, const PlanDisk& disk) {
    const sys::Path path = path_of(plan, disk.key);
    const sys::Path unfinished = path.string() + ".new";
    files_.make_directories(path.parent_path());
    files_.remove(unfinished);
    qemu::create_overlay(unfinished, disk.top, disk.top_format, disk.size_bytes);
    qemu::add_bitmap(unfinished, disk.bitmap, bitmap_granularity);
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
