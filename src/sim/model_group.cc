#include "sim/model_group.h"

#include "base/check.h"

#include <algorithm>

namespace reviver::sim {

namespace {

class LiveImage : public point::Image {
  public:
    explicit LiveImage(const SparseBytes& disk) : disk_(disk) {}
    std::uint64_t size_bytes() const override { return disk_.size(); }
    void read(std::uint64_t offset, ByteSpan to) override { disk_.read(offset, to); }
    std::vector<Extent> extents(Range range) override { return disk_.extents(range); }

  private:
    const SparseBytes& disk_;
};

}  // namespace

std::unique_ptr<point::Image> image_of(const SparseBytes& disk) {
    return std::make_unique<LiveImage>(disk);
}

bool same_content(const SparseBytes& a, const SparseBytes& b) {
    if (a.size() != b.size()) return false;
    Bytes in_a(a.size());
    Bytes in_b(b.size());
    a.read(0, in_a);
    b.read(0, in_b);
    return in_a == in_b;
}

ModelGroup::ModelGroup(const std::vector<std::uint64_t>& sizes_bytes, Prng prng)
    : prng_(prng), disks_(sizes_bytes.size()), clean_until_(sizes_bytes.size(), 0) {
    for (std::size_t i = 0; i < sizes_bytes.size(); ++i) {
        std::array<std::uint8_t, 16> id{};
        id[15] = static_cast<std::uint8_t>(1 + i / 2);
        const DiskKey key{VmId(Uuid(id)), i % 2 == 0 ? "vda" : "vdb"};
        shapes_.push_back({key, sizes_bytes[i]});
        disks_[i].resize(sizes_bytes[i]);
    }
}

void ModelGroup::write_something() {
    const std::size_t index = prng_.below(disks_.size());
    const std::uint64_t sectors = disks_[index].size() / sector_bytes;
    const std::uint64_t longest = prng_.one_in(8) ? 256 : 16;
    const std::uint64_t first = prng_.below(sectors);
    const std::uint64_t count = std::min(sectors - first, prng_.between(1, longest));
    const std::uint64_t filling = prng_.one_in(6) ? 0 : prng_.next() | 1;
    log_.push_back({index, {first * sector_bytes, count * sector_bytes}, filling});
    apply(disks_[index], log_.back());
}

void ModelGroup::apply(SparseBytes& to, const Write& write) const {
    if (write.filling == 0) return to.clear(write.range);
    Bytes data(write.range.length);
    Prng(write.filling).fill(data);
    to.write(write.range.offset, data);
}

GroupCut ModelGroup::cut(CutId id) {
    GroupCut cut{id, {}, {}, {}};
    for (std::size_t i = 0; i < disks_.size(); ++i) cut_disk(cut, i);
    return cut;
}

GroupCut ModelGroup::cut_without_hold(CutId id) {
    GroupCut cut{id, {}, {}, {}};
    for (std::size_t i = 0; i < disks_.size(); ++i) {
        cut_disk(cut, i);
        for (int n = 0; n < 4; ++n) write_something();
    }
    return cut;
}

void ModelGroup::cut_disk(GroupCut& cut, std::size_t index) {
    RangeSet dirty;
    for (WriteCount n = clean_until_[index]; n < log_.size(); ++n) {
        if (log_[n].disk == index) dirty.add(log_[n].range);
    }
    cut.at.push_back(log_.size());
    cut.disks.push_back(disks_[index]);
    cut.dirty.push_back(std::move(dirty));
}

void ModelGroup::forget(const GroupCut& cut) {
    clean_until_ = cut.at;
}

void ModelGroup::lose_dirty() {
    std::fill(clean_until_.begin(), clean_until_.end(), log_.size());
    dirty_known_ = false;
}

SparseBytes ModelGroup::content_at(std::size_t disk, WriteCount count) const {
    REVIVER_CHECK(count <= log_.size());
    SparseBytes content;
    content.resize(disks_[disk].size());
    for (WriteCount n = 0; n < count; ++n) {
        if (log_[n].disk == disk) apply(content, log_[n]);
    }
    return content;
}

}  // namespace reviver::sim
