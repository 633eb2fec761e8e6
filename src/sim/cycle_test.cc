// What befalls a cycle at a moment of the test's choice.
#include "sim/replicating_pair.h"

#include <gtest/gtest.h>

namespace reviver::sim {
namespace {

using namespace std::chrono_literals;

// A VM that is started breaks the cut of its disks for good. That was taken for a broken link: the
// same cut was tried again for half a minute before there was another.
TEST(Cycle, AVmThatIsStartedInTheMiddleOfOneCostsOneCut) {
    SitePolicy narrow;
    narrow.bandwidth.site.bytes_per_second = 64 << 10;
    ReplicatingPair pair(narrow);
    pair.run([&] {
        Hypervisor& host = pair.east().hypervisor();
        host.stop(pair.vm());
        const auto before = pair.book().acknowledgements();
        pair.simulation().until([&] { return pair.book().acknowledgements() >= before + 2; }, 1min,
                                "points of a VM that is off");
        host.start(pair.vm());
        host.write_something();
        for (int i = 0; i < 40; ++i) host.write_something();
        host.stop(pair.vm());
        const auto cuts = pair.book().cuts();
        pair.simulation().until([&] { return pair.book().cuts() > cuts; }, 10s, "a cut");
        pair.simulation().sleep(200ms);
        const auto points = pair.book().acknowledgements();
        host.start(pair.vm());
        pair.simulation().until([&] { return pair.book().acknowledgements() > points; }, 15s,
                                "the next point");
        EXPECT_GT(pair.book().cuts(), cuts + 1);
    });
}

}  // namespace
}  // namespace reviver::sim
