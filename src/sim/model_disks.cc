#include "sim/model_disks.h"

#include "base/error.h"
#include "sim/model_source.h"

#include <algorithm>
#include <cstring>

namespace reviver::sim {

namespace {

// Small, so that a run has many chunks.
constexpr std::uint64_t piece_bytes = 64 << 10;

class HeldImage : public point::Image {
  public:
    explicit HeldImage(std::shared_ptr<HostImage> image) : image_(std::move(image)) {}
    std::uint64_t size_bytes() const override { return image_->truth.size(); }
    void read(std::uint64_t offset, ByteSpan to) override { image_->truth.read(offset, to); }
    std::vector<Extent> extents(Range range) override { return image_->truth.extents(range); }

  private:
    std::shared_ptr<HostImage> image_;
};

// Ranges of a disk as it is when each chunk is asked for.
class PiecesSource : public point::Source {
  public:
    PiecesSource(std::shared_ptr<HostImage> image, std::uint32_t disk, const RangeSet& ranges)
        : image_(std::move(image)), disk_(disk) {
        for (const Range& range : ranges.ranges()) {
            for (std::uint64_t at = range.offset; at < range.end(); at += piece_bytes) {
                pieces_.push_back({at, std::min(piece_bytes, range.end() - at)});
            }
        }
    }
    void start_at(std::uint64_t chunk_index) override { next_ = chunk_index; }
    std::optional<point::Chunk> next() override {
        if (next_ >= pieces_.size()) return std::nullopt;
        const Range piece = pieces_[next_++];
        point::Chunk chunk{disk_, image_->truth.extents(piece), {}};
        payload_.clear();
        for (const Extent& extent : chunk.extents) {
            if (extent.content == Content::zero) continue;
            const std::size_t start = payload_.size();
            payload_.resize(start + extent.length);
            image_->truth.read(extent.offset, ByteSpan(payload_).subspan(start));
        }
        chunk.payload = payload_;
        return chunk;
    }
    std::uint64_t bytes_left() const override {
        std::uint64_t bytes = 0;
        for (std::size_t i = next_; i < pieces_.size(); ++i) bytes += pieces_[i].length;
        return bytes;
    }

  private:
    std::shared_ptr<HostImage> image_;
    std::uint32_t disk_;
    std::vector<Range> pieces_;
    std::size_t next_ = 0;
    Bytes payload_;
};

using Turns = std::map<VmId, std::uint64_t>;

// The hypervisor holds a cut of a VM's disks as long as the VM is neither started nor stopped.
class HeldSource : public point::Source {
  public:
    HeldSource(const GroupCut& content, Hypervisor& hypervisor, Turns turns)
        : source_(content), hypervisor_(hypervisor), turns_(std::move(turns)) {}
    void start_at(std::uint64_t chunk_index) override {
        confirm_held();
        source_.start_at(chunk_index);
    }
    std::optional<point::Chunk> next() override {
        confirm_held();
        return source_.next();
    }
    std::uint64_t bytes_left() const override { return source_.bytes_left(); }

  private:
    void confirm_held() {
        for (const auto& [id, turns] : turns_)
            if (hypervisor_.vm(id).turns != turns) fail(Code::unavailable, "the cut is gone");
    }

    CutSource source_;
    Hypervisor& hypervisor_;
    const Turns turns_;
};

class ModelCut : public replication::Cut {
  public:
    ModelCut(GroupCut content, Sequence sequence, point::CutHeader header,
             std::vector<replication::VmFailure> failures, Hypervisor& hypervisor, Turns turns)
        : sequence_(sequence),
          content_(std::move(content)),
          header_(std::move(header)),
          failures_(std::move(failures)),
          source_(content_, hypervisor, std::move(turns)) {}
    const point::CutHeader& header() const override { return header_; }
    point::Source& source() override { return source_; }
    sys::Duration hold() const override { return std::chrono::milliseconds(1); }
    std::vector<replication::VmFailure> freeze_failures() const override { return failures_; }
    Sequence sequence() const { return sequence_; }

  private:
    Sequence sequence_;
    GroupCut content_;
    point::CutHeader header_;
    std::vector<replication::VmFailure> failures_;
    HeldSource source_;
};

ReceiveId receive_id(const std::string& text) {
    const auto hash = sha256(bytes_of(text));
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), hash.data(), bytes.size());
    return ReceiveId(Uuid::from_random(bytes));
}

}  // namespace

GroupState state_of(Hypervisor& hypervisor, const std::vector<VmId>& vms) {
    GroupState state;
    for (const VmId id : vms) {
        for (const auto& [target, path] : hypervisor.vm(id).disks) {
            const auto image = hypervisor.image(path);
            if (image == nullptr) fail(Code::not_found, "VM {} has no image {}", id.text(), path);
            state[{id, target}] = image->truth;
        }
    }
    return state;
}

std::vector<VmDefinition> ModelDisks::vms() {
    std::vector<VmDefinition> result;
    for (const VmId id : vms_) {
        const HostVm& vm = host_.hypervisor.vm(id);
        std::string xml;
        for (const auto& [target, path] : vm.disks) xml += target + " ";
        result.push_back({id, vm.name, xml});
    }
    return result;
}

void ModelDisks::look() {
    disks_.clear();
    for (const VmId id : vms_) {
        const HostVm& vm = host_.hypervisor.vm(id);
        for (const auto& [target, path] : vm.disks) {
            if (!choice_({id, target})) continue;
            auto image = host_.hypervisor.image(path);
            if (image == nullptr) fail(Code::not_found, "VM {} has no image {}", vm.name, path);
            const DiskShape shape{{id, target}, image->truth.size()};
            disks_.push_back({shape, std::move(image), vm.turns, 0, {}});
        }
    }
}

std::vector<DiskShape> ModelDisks::shapes() {
    look();
    std::vector<DiskShape> result;
    for (const Disk& disk : disks_) result.push_back(disk.shape);
    return result;
}

// As capture does it with QEMU's bitmaps: those from the point on are joined; when they do not
// reach back to it, a bulk begins, and with it a bitmap that counts only together with that bulk.
// A bulk of a disk that the point does not have builds on no point.
point::Bulk ModelDisks::track_disk(Disk& disk, Sequence durable, const DiskShape* known) {
    auto& bitmaps = disk.image->bitmaps;
    const Sequence since = known == nullptr ? Sequence{} : durable;
    const auto first = disk.image->first_bitmap_since(since);
    const bool shrunk = known != nullptr && known->size_bytes > disk.shape.size_bytes;
    if (first && ((known != nullptr && !shrunk) || !bitmaps[*first].bulk.empty())) {
        Bitmap joined = bitmaps[*first];
        joined.dirty = disk.image->dirty_from(*first);
        bitmaps = {joined};
    } else {
        bitmaps = {{since, host_.world.random.uuid().text(), {}, false}};
    }
    disk.first = 0;
    disk.grown = {};
    if (!bitmaps.front().bulk.empty())
        return known != nullptr ? point::Bulk::compare : point::Bulk::full;
    if (known->size_bytes < disk.shape.size_bytes)
        disk.grown.add({known->size_bytes, disk.shape.size_bytes - known->size_bytes});
    return point::Bulk::none;
}

std::uint64_t ModelDisks::copy_of(const Disk& disk, point::Bulk bulk) {
    if (bulk != point::Bulk::full) return 0;
    std::uint64_t number = 0;
    std::memcpy(&number, sha256(bytes_of(disk.image->bitmaps[0].bulk)).data(), sizeof number);
    return number | 1;
}

replication::Tracking ModelDisks::track(Sequence durable, const std::vector<DiskShape>& known) {
    replication::Tracking tracking;
    std::string identity = fmt::format("{} {}", collection_.text(), durable.value);
    for (Disk& disk : disks_) {
        const auto before = std::ranges::find(known, disk.shape.key, &DiskShape::key);
        tracking.bulks.push_back(
            track_disk(disk, durable, before == known.end() ? nullptr : &*before));
        tracking.copies.push_back(copy_of(disk, tracking.bulks.back()));
        tracking.grown.push_back(disk.grown);
        identity +=
            fmt::format("\n{} {} {} {}", disk.shape.key.text(), disk.shape.size_bytes,
                        static_cast<int>(tracking.bulks.back()), disk.image->bitmaps[0].bulk);
    }
    tracking.receive = receive_id(identity);
    return tracking;
}

std::unique_ptr<point::Image> ModelDisks::live_image(std::uint32_t disk) {
    return std::make_unique<HeldImage>(disks_.at(disk).image);
}

std::unique_ptr<point::Source> ModelDisks::bulk_source(std::uint32_t disk, RangeSet ranges) {
    return std::make_unique<PiecesSource>(disks_.at(disk).image, disk, ranges);
}

void ModelDisks::confirm_same() {
    for (const Disk& disk : disks_) {
        const HostVm& vm = host_.hypervisor.vm(disk.shape.key.vm);
        if (vm.turns != disk.turns) {
            fail(Code::unavailable, "a VM was started or stopped meanwhile");
        }
        const auto plugged = vm.disks.find(disk.shape.key.target);
        const bool same = plugged != vm.disks.end() &&
                          host_.hypervisor.image(plugged->second) == disk.image &&
                          disk.image->truth.size() == disk.shape.size_bytes;
        if (!same) fail(Code::unavailable, "a disk was plugged or resized meanwhile");
    }
}

std::unique_ptr<replication::Cut> ModelDisks::cut(Sequence sequence, const point::CutWish& wish) {
    if (!wish.quiesce) return hold(sequence, wish, {});
    auto failures = agents_.freeze(vms_, wish.stopped);
    try {
        auto cut = hold(sequence, wish, std::move(failures));
        agents_.thaw(vms_);
        return cut;
    } catch (const Error&) {
        agents_.thaw(vms_);
        throw;
    }
}

std::unique_ptr<replication::Cut> ModelDisks::hold(Sequence sequence, const point::CutWish& wish,
                                                   std::vector<replication::VmFailure> failures) {
    host_.world.clock.sleep_until(host_.world.clock.after(std::chrono::milliseconds(2)));
    confirm_same();
    for (const VmId id : vms_) host_.hypervisor.check(id);
    GroupCut content{CutId(host_.world.random.uuid()), {}, {}, {}};
    Turns turns;
    for (Disk& disk : disks_) {
        turns[disk.shape.key.vm] = disk.turns;
        content.disks.push_back(disk.image->truth);
        content.dirty.push_back(disk.image->dirty_from(disk.first));
        disk.image->bitmaps.push_back({sequence, "", {}, false});
    }
    host_.book.record(content.id, {state_of(host_.hypervisor, vms_), agents_.all_frozen(vms_)});
    point::CutHeader header;
    header.id = content.id;
    header.kind = wish.kind;
    if (wish.quiesce && (failures.empty() || host_.mutant == EngineMutant::claim_frozen))
        header.consistency = Consistency::application;
    header.time = host_.world.clock.wall();
    header.vms = vms();
    return std::make_unique<ModelCut>(std::move(content), sequence, std::move(header),
                                      std::move(failures), host_.hypervisor, std::move(turns));
}

void ModelDisks::finish(std::unique_ptr<replication::Cut> cut, bool durable) {
    const Sequence sequence = static_cast<ModelCut&>(*cut).sequence();
    if (durable) host_.acknowledged(collection_, sequence);
    if (!durable && host_.mutant != EngineMutant::let_go_early) return;
    for (Disk& disk : disks_) {
        std::erase_if(disk.image->bitmaps, [&](const Bitmap& b) { return b.since < sequence; });
        if (!durable) disk.image->bitmaps.front().since = {sequence.value - 1};
    }
}

std::optional<RangeSet> ModelDisks::changed_since(std::uint32_t disk, Sequence sequence) {
    if (host_.mutant == EngineMutant::forget_tail) return RangeSet();
    const auto& image = disks_.at(disk).image;
    const auto first = image->first_bitmap_since(sequence);
    if (!first || !image->bitmaps[*first].bulk.empty()) return std::nullopt;
    return image->dirty_from(*first);
}

std::uint64_t ModelDisks::pending_bytes() {
    look();
    std::uint64_t bytes = 0;
    for (const Disk& disk : disks_) {
        if (!disk.image->bitmaps.empty()) bytes += disk.image->bitmaps.back().dirty.total_bytes();
    }
    return bytes;
}

void ModelDisks::stop_tracking() {
    look();
    for (Disk& disk : disks_) disk.image->bitmaps.clear();
}

void ModelDisks::let_go(const std::vector<DiskKey>& disks) {
    for (const VmId id : vms_)
        for (const auto& [target, path] : host_.hypervisor.vm(id).disks) {
            const auto image = host_.hypervisor.image(path);
            const bool meant = std::ranges::find(disks, DiskKey{id, target}) != disks.end();
            if (meant && image != nullptr) image->bitmaps.clear();
        }
}

}  // namespace reviver::sim
