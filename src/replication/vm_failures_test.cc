#include "replication/vm_failures.h"

#include "base/error.h"

#include <gtest/gtest.h>

namespace reviver::replication {
namespace {

const VmId web = *VmId::parse("11111111-2222-3333-4444-000000000001");
const VmId db = *VmId::parse("11111111-2222-3333-4444-000000000002");
const VmId cache = *VmId::parse("11111111-2222-3333-4444-000000000003");

// A group that failed for several members had one error, and of some operations the text of the
// first alone.
TEST(VmFailures, TheErrorSaysAllAndEachPartItsOwn) {
    const std::vector<VmDefinition> vms{{web, "web", ""}, {db, "db", ""}, {cache, "cache", ""}};
    try {
        fail_of(vms, {{web, "busy", Code::in_use}, {cache, "no room", Code::no_space}},
                "could not be set up", "fail over again");
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::failed);
        EXPECT_STREQ(error.what(),
                     "2 of 3 VMs could not be set up; 'web': busy; 'cache': no room; fail over "
                     "again");
        const std::vector<ErrorPart> parts{
            {web.text(), Code::in_use, "VM 'web' could not be set up: busy; fail over again"},
            {cache.text(), Code::no_space,
             "VM 'cache' could not be set up: no room; fail over again"}};
        EXPECT_EQ(error.parts(), parts);
    }
}

}  // namespace
}  // namespace reviver::replication
