#include "replication/state_machine.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

namespace reviver::replication {
namespace {

using Key = std::pair<int, int>;
Key key(Place place) {
    return {static_cast<int>(place.role), static_cast<int>(place.state)};
}

TEST(StateMachine, NoPlaceAndEventHaveTwoAnswers) {
    std::set<std::tuple<int, int, int>> seen;
    for (const Transition& t : transitions()) {
        EXPECT_TRUE(seen.insert({static_cast<int>(t.from.role), static_cast<int>(t.from.state),
                                 static_cast<int>(t.event)})
                        .second)
            << name_of(t.from.state) << " / " << name_of(t.event);
    }
}

TEST(StateMachine, EveryPlaceIsReachedAndEveryPlaceButNoneCanBeLeft) {
    std::set<Key> reached{key({Role::none, State::disabled})};
    for (bool grown = true; grown;) {
        grown = false;
        for (const Transition& t : transitions()) {
            if (reached.contains(key(t.from))) grown = reached.insert(key(t.to)).second || grown;
        }
    }
    for (const Transition& t : transitions()) {
        EXPECT_TRUE(reached.contains(key(t.from))) << name_of(t.from.state);
        EXPECT_TRUE(reached.contains(key(t.to))) << name_of(t.to.state);
        EXPECT_EQ(step(t.to, Event::removed), Place{}) << name_of(t.to.state);
    }
    EXPECT_FALSE(step({}, Event::removed));
}

TEST(StateMachine, FailoverIsPossibleInEveryStateOfAReplicaThatHoldsPoints) {
    for (const State state : {State::replicating, State::suspended, State::critical}) {
        EXPECT_EQ(step({Role::replica, state}, Event::failover_started),
                  (Place{Role::replica, State::failover_initiated}))
            << name_of(state);
    }
}

TEST(StateMachine, AFailoverThatEndedHalfWayIsDoneAgainOrTakenBack) {
    constexpr Place half_way{Role::replica, State::failover_initiated};
    EXPECT_EQ(step(half_way, Event::failover_started), half_way);
    EXPECT_EQ(step(half_way, Event::failover_reverted), (Place{Role::replica, State::replicating}));
}

TEST(StateMachine, ATestComesBackToWhereItBegan) {
    constexpr Place testing{Role::replica, State::test_failover_initiated};
    for (const auto& [state, ended] : {std::pair{State::replicating, Event::test_ended},
                                       std::pair{State::suspended, Event::test_ended_suspended},
                                       std::pair{State::critical, Event::test_ended_critical}}) {
        EXPECT_EQ(step({Role::replica, state}, Event::test_started), testing);
        EXPECT_EQ(step(testing, ended), (Place{Role::replica, state}));
    }
    EXPECT_TRUE(step(testing, Event::failover_started));
    EXPECT_FALSE(step(testing, Event::suspend_asked));
    EXPECT_FALSE(step({Role::test_replica, State::disabled}, Event::removed));
}

TEST(StateMachine, ReverseNeedsACommit) {
    EXPECT_FALSE(step({Role::replica, State::recovered}, Event::became_primary));
    EXPECT_FALSE(step({Role::replica, State::replicating}, Event::became_primary));
    EXPECT_EQ(step({Role::replica, State::committed}, Event::became_primary),
              (Place{Role::primary, State::waiting_for_resync}));
}

// With REVIVER_PRINT_DOCS=1 in the environment the page is written anew first.
TEST(StateMachine, TheDocumentIsPrintedFromTheTable) {
    const std::string page = std::string(REVIVER_DOCS) + "/states.md";
    if (std::getenv("REVIVER_PRINT_DOCS") != nullptr) std::ofstream(page) << describe_transitions();
    std::ifstream file(page);
    std::stringstream text;
    text << file.rdbuf();
    EXPECT_EQ(text.str(), describe_transitions())
        << "run this with REVIVER_PRINT_DOCS=1 when the table was changed on purpose";
}

}  // namespace
}  // namespace reviver::replication
