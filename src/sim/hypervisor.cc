#include "sim/hypervisor.h"

#include "base/error.h"
#include "sim/model_group.h"
#include "sim/scheduler.h"
#include "store/layer_reader.h"
#include "store/stack.h"

#include <algorithm>

namespace reviver::sim {

namespace {

SparseBytes read_all(point::Image& image) {
    Bytes bytes(image.size_bytes());
    image.read(0, bytes);
    SparseBytes content;
    content.resize(bytes.size());
    content.write(0, bytes);
    return content;
}

void copy(const SparseBytes& from, SparseBytes& to, Range range) {
    Bytes bytes(range.length);
    from.read(range.offset, bytes);
    to.write(range.offset, bytes);
}

RangeSet differences(const SparseBytes& a, const SparseBytes& b) {
    RangeSet result;
    Bytes in_a(sector_bytes);
    Bytes in_b(sector_bytes);
    for (std::uint64_t at = 0; at < a.size(); at += sector_bytes) {
        std::fill(in_b.begin(), in_b.end(), std::byte{0});
        a.read(at, in_a);
        b.read(at, in_b);
        if (in_a != in_b) result.add({at, sector_bytes});
    }
    return result;
}

}  // namespace

Hypervisor::Hypervisor(Disk& files, sys::Clock& clock, Prng prng)
    : files_(files, gate_, clock, prng.fork()), prng_(prng) {}

HostVm& Hypervisor::vm(VmId id) {
    const auto found = vms_.find(id);
    if (found == vms_.end()) fail(Code::not_found, "there is no VM {}", id.text());
    return found->second;
}

void Hypervisor::start(VmId id) {
    HostVm& started = vm(id);
    if (started.running) return;
    if (!started.lock.empty()) fail(Code::invalid_state, "{}", started.lock);
    check(id);
    started.running = true;
    ++started.turns;
}

void Hypervisor::stop(VmId id) {
    HostVm& stopped = vm(id);
    if (!stopped.running) return;
    stopped.running = false;
    stopped.frozen = false;
    stopped.hook_hangs = 0;
    ++stopped.turns;
}

void Hypervisor::die(VmId id) {
    stop(id);
    for (const auto& [target, path] : vm(id).disks) {
        for (Bitmap& bitmap : image(path)->bitmaps) bitmap.lost = true;
    }
}

void Hypervisor::lose_power() {
    for (const auto& [id, vm] : vms_) {
        if (vm.running) die(id);
    }
}

void Hypervisor::end_hooks() {
    for (auto& [id, vm] : vms_) {
        if (vm.hook_hangs == 0 || --vm.hook_hangs > 0) continue;
        vm.frozen = true;
    }
}

void Hypervisor::write_something() {
    end_hooks();
    std::vector<std::string> paths;
    for (const auto& [id, vm] : vms_) {
        if (!vm.running || vm.frozen) continue;
        for (const auto& [target, path] : vm.disks) paths.push_back(path);
    }
    if (paths.empty()) return;
    HostImage& written = *image(paths[prng_.below(paths.size())]);
    const std::uint64_t sectors = written.truth.size() / sector_bytes;
    const std::uint64_t first = prng_.below(sectors);
    const std::uint64_t longest = prng_.one_in(8) ? 256 : 16;
    const std::uint64_t count = std::min(sectors - first, prng_.between(1, longest));
    Bytes data(prng_.one_in(6) ? 0 : count * sector_bytes);
    prng_.fill(data);
    written.write({first * sector_bytes, count * sector_bytes}, data);
}

std::shared_ptr<HostImage> Hypervisor::image(const std::string& path) {
    const auto found = images_.find(path);
    return found == images_.end() ? nullptr : found->second;
}

void Hypervisor::make_image(const std::string& path, std::uint64_t size_bytes) {
    auto made = std::make_shared<HostImage>();
    made->truth.resize(size_bytes);
    made->data.resize(size_bytes);
    images_[path] = made;
}

// QEMU writes zeros where something below the image would show.
void Hypervisor::grow(const std::string& path, std::uint64_t by_bytes) {
    HostImage& grown = *image(path);
    const std::uint64_t before = grown.truth.size();
    grown.truth.resize(before + by_bytes);
    grown.data.resize(before + by_bytes);
    if (!grown.backing.empty()) grown.own.add({before, by_bytes});
}

void Hypervisor::make_overlay(const std::string& path, const std::string& backing, Sequence since) {
    auto made = std::make_shared<HostImage>();
    made->backing = backing;
    made->truth = content(backing);
    made->data.resize(made->truth.size());
    made->bitmaps.push_back({since, "", {}, false});
    images_[path] = made;
}

void Hypervisor::remove_images_below(const std::string& directory) {
    std::erase_if(images_, [&](const auto& item) { return item.first.starts_with(directory); });
}

bool Hypervisor::has_images_below(const std::string& directory) const {
    return std::ranges::any_of(images_,
                               [&](const auto& item) { return item.first.starts_with(directory); });
}

void Hypervisor::flatten(const std::string& path, const std::string& base) {
    HostImage& flattened = *image(path);
    const SparseBytes all = content(path);
    for (const Range& range : differences(all, content(base)).ranges()) {
        copy(all, flattened.data, range);
        flattened.own.add(range);
    }
    flattened.backing = base;
}

Epoch Hypervisor::epoch_used(const std::string& directory) {
    Epoch latest;
    for (const auto& [path, image] : images_) {
        if (!path.starts_with(directory + "/")) continue;
        const std::size_t second = path.rfind('-');
        const std::size_t first = path.rfind('-', second - 1);
        latest = std::max(latest, Epoch{std::stoull(path.substr(first + 1, second - first - 1))});
    }
    return latest;
}

SparseBytes Hypervisor::content(const std::string& path) {
    const auto found = image(path);
    if (found == nullptr) return layer_content(path);
    if (found->backing.empty()) return found->data;
    SparseBytes all = content(found->backing);
    all.resize(found->data.size());
    for (const Range& range : found->own.ranges()) copy(found->data, all, range);
    return all;
}

SparseBytes Hypervisor::layer_content(const std::string& path) {
    if (!path.ends_with(".qcow2")) {
        store::RawImage raw(files_.open(path, sys::OpenMode::read));
        return read_all(raw);
    }
    auto layer = std::make_shared<store::LayerReader>(files_, path);
    const sys::Path backing = sys::Path(path).parent_path() / layer->header().backing_path;
    const SparseBytes below = content(backing.lexically_normal().string());
    store::ChainImage chain(store::Stack({layer}), image_of(below));
    return read_all(chain);
}

void Hypervisor::check(VmId id) {
    for (const auto& [target, path] : vm(id).disks) {
        const auto checked = image(path);
        if (checked == nullptr) throw Failure(fmt::format("{} is gone under a VM", path));
        SparseBytes now;
        try {
            now = content(path);
        } catch (const Error& e) {
            throw Failure(fmt::format("{} cannot be read by its VM: {}", path, e.what()));
        }
        const RangeSet changed = differences(checked->truth, now);
        if (changed.empty()) continue;
        throw Failure(fmt::format("{} changed under its VM: {} bytes, first at {}", path,
                                  changed.total_bytes(), changed.ranges().front().offset));
    }
}

}  // namespace reviver::sim
