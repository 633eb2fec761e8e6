#include "hypervisor/event_queue.h"

#include "base/error.h"
#include "hypervisor/limits.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace reviver::hypervisor {
namespace {

constexpr auto patience = std::chrono::seconds(20);
const VmId vm = *VmId::parse("11111111-2222-3333-4444-555555555555");

TEST(EventQueue, ListenersGetEventsInOrderUntilTheyLetGo) {
    EventQueue queue;
    std::vector<DomainEvent::Kind> seen;
    std::promise<void> stopped;
    auto listening = queue.subscribe([&](const DomainEvent& event) {
        seen.push_back(event.kind);
        if (event.kind == DomainEvent::Kind::stopped) stopped.set_value();
    });
    queue.push({vm, DomainEvent::Kind::started});
    queue.push({vm, DomainEvent::Kind::stopped});
    ASSERT_EQ(stopped.get_future().wait_for(patience), std::future_status::ready);
    listening.reset();

    std::promise<void> later;
    const auto other = queue.subscribe([&](const DomainEvent&) { later.set_value(); });
    queue.push({vm, DomainEvent::Kind::started});
    ASSERT_EQ(later.get_future().wait_for(patience), std::future_status::ready);
    EXPECT_EQ(seen.size(), 2u);
}

TEST(EventQueue, AListenersErrorKeepsNobodyFromListening) {
    EventQueue queue;
    std::promise<void> twice;
    int count = 0;
    const auto listening = queue.subscribe([&](const DomainEvent&) {
        if (++count == 2) twice.set_value();
        fail(Code::failed, "on purpose");
    });
    queue.push({vm, DomainEvent::Kind::started});
    queue.push({vm, DomainEvent::Kind::stopped});
    EXPECT_EQ(twice.get_future().wait_for(patience), std::future_status::ready);
}

// libvirt may still bring an event when its connection is closed already.
TEST(EventQueue, AnEventAfterTheEndReachesNobody) {
    EventQueue queue;
    int heard = 0;
    const auto subscription = queue.subscribe([&](const DomainEvent&) { ++heard; });
    queue.stop();
    queue.push({});
    queue.stop();
    EXPECT_EQ(heard, 0);
}

TEST(EventQueue, ASlowListenerLosesTheOldestEventsBeyondTheLimit) {
    EventQueue queue;
    std::promise<void> entered;
    std::promise<void> go_on;
    std::promise<void> last;
    std::size_t count = 0;
    const auto listening = queue.subscribe([&](const DomainEvent& event) {
        if (++count == 1) {
            entered.set_value();
            go_on.get_future().wait_for(patience);
        }
        if (event.kind == DomainEvent::Kind::crashed) last.set_value();
    });
    queue.push({vm, DomainEvent::Kind::started});
    ASSERT_EQ(entered.get_future().wait_for(patience), std::future_status::ready);
    for (std::size_t i = 0; i < events_waiting_max; ++i) {
        queue.push({vm, DomainEvent::Kind::held});
    }
    queue.push({vm, DomainEvent::Kind::crashed});
    go_on.set_value();
    ASSERT_EQ(last.get_future().wait_for(patience), std::future_status::ready);
    EXPECT_EQ(count, 1 + events_waiting_max);
}

}  // namespace
}  // namespace reviver::hypervisor
