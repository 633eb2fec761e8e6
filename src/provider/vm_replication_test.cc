// What a member shows of its collection's replication.
#include "provider/live_instances.h"
#include "provider/test_site.h"

#include <gtest/gtest.h>

namespace reviver::provider {
namespace {

using replication::Collection;

std::uint64_t shown(TestSite& site, const Collection& c) {
    return relationship_instances(site.engine, c).at(0).get("ReplicationState").as_unsigned();
}

TEST(VmReplication, AMemberShowsTheUpdateOfTheDiskSetForWhichACollectionHasNoState) {
    Collection c;
    c.id = *CollectionId::parse("00000000-0000-4000-8000-000000000001");
    c.name = "shop";
    c.members = {"11111111-2222-3333-4444-555555555555"};
    c.place = {Role::primary, State::replicating};
    TestSite site({{c}, {}, Code::stopped});
    EXPECT_EQ(shown(site, c), 3u);
    c.disk_update.emplace();
    EXPECT_EQ(shown(site, c), 15u);
    c.place.state = State::suspended;
    EXPECT_EQ(shown(site, c), 7u);
    c.place.state = State::critical;
    c.disk_update->trouble = "a disk cannot be read";
    EXPECT_EQ(shown(site, c), 16u);
}

}  // namespace
}  // namespace reviver::provider
