// Deliberate bugs around the replication engine, to show that the checks find them.
#pragma once

#include <cstdint>

namespace reviver::sim {

enum class EngineMutant : std::uint8_t {
    none,
    unguarded_receive,  // points are taken from whoever held the role, whatever epoch and state
    no_fence,           // a VM that is to be locked can still be started
    forget_tail,        // an old primary says that it wrote nothing since the shared point
    leave_frozen,   // who does not hear the first thaw, or an earlier life's, is not asked again
    claim_frozen,   // a point is called application consistent whoever could not be frozen
    unpinned_test,  // the point that a test runs on is not kept
    let_go_early,   // bits are let go of whether or not the point is durable
};

}  // namespace reviver::sim
