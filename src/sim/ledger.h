// What the primary knows of its cuts and of what was acknowledged, and the check of a store against
// it.
#pragma once

#include "sim/model_group.h"
#include "store/store.h"

#include <map>
#include <memory>

namespace reviver::sim {

class Ledger {
  public:
    explicit Ledger(ModelGroup& group) : group_(group) {}

    std::shared_ptr<const GroupCut> record(GroupCut cut);
    std::shared_ptr<const GroupCut> find(CutId cut) const;  // null: never cut
    void acknowledge(Sequence sequence, CutId cut);
    // Points may go by the store's own retention from now on (never the newest).
    void allow_drops() { drops_allowed_ = true; }
    Sequence acknowledged() const;

    // Throws Failure unless every point reads as the group was at one moment, every acknowledged
    // point is there, and nothing is there that was never cut.
    void check(store::Store& store, CollectionId collection) const;

  private:
    void check_presence(const std::vector<PointInfo>& points) const;
    void check_content(store::Store& store, CollectionId collection, const PointInfo& point) const;

    ModelGroup& group_;
    std::map<CutId, std::shared_ptr<const GroupCut>> cuts_;
    std::map<Sequence, CutId> acknowledged_;
    bool drops_allowed_ = false;
};

}  // namespace reviver::sim
