#include "provider/members.h"

#include <algorithm>

namespace reviver::provider {

using replication::Collection;

std::uint16_t member_state(State state) {
    switch (state) {
        case State::planned_failover_initiated:
            return 19;  // prepared for sync replication
        case State::repurpose_initiated:
            return 20;  // prepared for group reverse replication
        case State::test_failover_initiated:
            return 21;  // firedrill in progress
        case State::partially_recovered:
            return 12;  // failover in progress
        default:
            return static_cast<std::uint16_t>(state);
    }
}

std::uint16_t member_failover_type(FailoverType type) {
    constexpr std::uint16_t planned = 3;
    return type == FailoverType::planned ? planned : static_cast<std::uint16_t>(type);
}

const Collection* collection_of_vm(const std::vector<Collection>& collections, VmId vm) {
    const std::string text = vm.text();
    const auto found =
        std::find_if(collections.begin(), collections.end(), [&](const Collection& c) {
            return !c.of_collections && c.place.role != Role::none &&
                   std::find(c.members.begin(), c.members.end(), text) != c.members.end();
        });
    return found == collections.end() ? nullptr : &*found;
}

}  // namespace reviver::provider
