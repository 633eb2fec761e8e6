// A small model for the targets that go through a whole door, and somebody who may do everything
// there. Methods that wait do not.
#pragma once

#include "server/door_options.h"
#include "server/test_model.h"

namespace reviver::fuzz {

struct SmallSite {
    SmallSite() { model.release_waiting(); }

    // Contexts expire at once, so that their number does not end what can be reached.
    static server::DoorOptions options() {
        server::DoorOptions result;
        result.context_idle_time_max = std::chrono::milliseconds(0);
        return result;
    }

    server::TestModel model;
    cim::Principal who{"somebody", {cim::Role::administrator}};
};

}  // namespace reviver::fuzz
