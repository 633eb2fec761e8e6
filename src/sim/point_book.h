// What everybody in the simulation knows together of the group's past: each moment at which it was
// held, or was taken over as it was found, on either side. A recovery point has to be one of them,
// over the disks that it names.
#pragma once

#include "model/point.h"
#include "sim/sparse_bytes.h"
#include "store/store.h"

#include <map>
#include <vector>

namespace reviver::sim {

using GroupState = std::map<DiskKey, SparseBytes>;

class PointBook {
  public:
    struct Held {
        GroupState state;
        bool frozen = false;  // every guest that ran
    };
    void record(CutId cut, Held held) { cuts_[cut] = std::move(held); }
    std::uint64_t cuts() const { return cuts_.size(); }
    void record_adopted(GroupState state) { adopted_.push_back(std::move(state)); }
    // The primary was told that the point is durable.
    void acknowledge(Epoch epoch, Sequence sequence);
    Sequence acknowledged(Epoch epoch) const;
    std::uint64_t acknowledgements() const { return acknowledgements_; }

    // Throw Failure.
    void check(store::Store& store, CollectionId collection) const;
    void require_known(const GroupState& state, const std::string& what) const;

  private:
    void check_point(const PointInfo& point, const GroupState& found) const;

    std::map<CutId, Held> cuts_;
    std::vector<GroupState> adopted_;
    std::map<Epoch, Sequence> acknowledged_;
    std::uint64_t acknowledgements_ = 0;
};

}  // namespace reviver::sim
