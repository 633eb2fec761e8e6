// What replication protects, as a model: the disks of a group, written all the time, and what is
// known to have changed on each.
//
// Writes are numbered over the whole group, in the order in which they were acknowledged. So for
// any content of all disks together it can be said whether it is the group as it was after exactly
// n writes: that is what a recovery point must be.
#pragma once

#include "model/point.h"
#include "point/image.h"
#include "sim/prng.h"
#include "sim/sparse_bytes.h"

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace reviver::sim {

using WriteCount = std::uint64_t;

// All disks at one moment; not changed by later writes. `at` differs between disks only when the
// group was not held.
struct GroupCut {
    CutId id;
    std::vector<WriteCount> at;  // per disk
    std::vector<SparseBytes> disks;
    std::vector<RangeSet>
        dirty;  // per disk: what may differ from the last point that was acknowledged
};

class ModelGroup {
  public:
    ModelGroup(const std::vector<std::uint64_t>& sizes_bytes, Prng prng);

    std::vector<DiskShape> shapes() const { return shapes_; }
    const SparseBytes& disk(std::size_t index) const { return disks_[index]; }
    WriteCount writes() const { return log_.size(); }

    // A guest writes something, somewhere: data or zeros, aligned to sectors.
    void write_something();
    // The whole group at once. Everything dirty goes into the cut and stays dirty here until
    // forget().
    GroupCut cut(CutId id);
    // One disk after another, with writes in between: what a cut must not be.
    GroupCut cut_without_hold(CutId id);
    // The cut is a durable point: only what was written after it is dirty.
    void forget(const GroupCut& cut);
    // What was written is no longer known (a hypervisor died with its bitmaps).
    void lose_dirty();
    bool dirty_known() const { return dirty_known_; }
    // From here on what is dirty is known again; the rest has to be found by comparing.
    void track_again() { dirty_known_ = true; }

    // The content of a disk after the first `count` writes of the group.
    SparseBytes content_at(std::size_t disk, WriteCount count) const;

  private:
    struct Write {
        std::size_t disk;
        Range range;
        std::uint64_t filling;  // seed of the data; 0: zeros
    };
    void apply(SparseBytes& to, const Write& write) const;
    void cut_disk(GroupCut& cut, std::size_t index);

    std::vector<DiskShape> shapes_;
    Prng prng_;
    std::vector<SparseBytes> disks_;
    std::vector<Write> log_;
    std::vector<WriteCount> clean_until_;  // per disk: writes up to here are not dirty
    bool dirty_known_ = true;
};

// A disk as an Image, read as it changes.
std::unique_ptr<point::Image> image_of(const SparseBytes& disk);

// Equal content, holes or not.
bool same_content(const SparseBytes& a, const SparseBytes& b);

}  // namespace reviver::sim
