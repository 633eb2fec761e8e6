// The sending side of a transfer, as small as it can be: it brings one point after the other of a
// model group to a sink, and goes on where it was after whatever went wrong. What it knows survives
// the death of its site, as the repository of a real one does.
#pragma once

#include "model/names.h"
#include "point/copy.h"
#include "sim/ledger.h"
#include "sys/world.h"

#include <functional>

namespace reviver::sim {

// Deliberate bugs, to show that the checks find them.
enum class Mutant : std::uint8_t {
    none,
    acknowledge_early,  // the receiver answers a commit before it is durable
    skip_sync,          // the receiver's disk forgets to sync
    forget_dirty,       // the sender lets go of what is dirty before the acknowledgement
    forget_hold,        // the group is not held during the cut
};

class Primary {
  public:
    // `note` gets a line for each thing done.
    using Note = std::function<void(std::string)>;
    Primary(ModelGroup& group, Ledger& ledger, CollectionId collection, Mutant mutant, Note note)
        : group_(group),
          ledger_(ledger),
          collection_(collection),
          mutant_(mutant),
          note_(std::move(note)) {}

    // One attempt at the next point: all that is still missing of it. Errors of the sink pass
    // through; call again.
    void cycle(sys::World& world, point::Sink& sink, const std::optional<PointInfo>& newest);
    // The site's process has gone: what it only had in memory is forgotten.
    void process_died() { cut_ = nullptr; }
    std::uint64_t points_made() const { return points_made_; }

  private:
    point::ReceiveHeader header(sys::World& world, Sequence newest);
    void send_bulk(sys::World& world, point::Sink& sink, const point::ReceiveHeader& header,
                   const point::ReceiveState& state);
    void send_cut(sys::World& world, point::Sink& sink);
    void finish(Sequence sequence, CutId cut);

    ModelGroup& group_;
    Ledger& ledger_;
    CollectionId collection_;
    Mutant mutant_;
    Note note_;
    std::optional<point::ReceiveHeader> receive_;
    bool bulk_sent_ = false;
    std::shared_ptr<const GroupCut> cut_;
    point::CutDigest digest_;
    std::uint64_t points_made_ = 0;
};

}  // namespace reviver::sim
