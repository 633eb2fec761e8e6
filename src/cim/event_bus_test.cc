#include "cim/event_bus.h"

#include "cim/limits.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace reviver::cim {
namespace {

Event event(int number) {
    Instance thing("Thing");
    thing.set("Id", fmt::format("{}", number));
    return {Happening::created,
            ObjectPath("Thing", {{"Id", fmt::format("{}", number)}}),
            thing,
            {},
            DateTime::at(0)};
}

// Writes down what it hears: "now", "resumed", "lost", and the ids of things.
class Heard {
  public:
    std::vector<std::string> said;
    std::string place;  // the id that was heard last

    EventBus::Listener listener() {
        return {[this](const EventBus::Start& start) {
                    constexpr const char* names[] = {"now", "resumed", "lost"};
                    said.push_back(names[static_cast<int>(start.beginning)]);
                    place = start.id;
                    for (const Event* event : start.missed) hear(*event);
                },
                [this](const Event& event) { hear(event); }};
    }

  private:
    void hear(const Event& event) {
        said.push_back(event.path.key_text("Id"));
        place = event.id;
    }
};

TEST(EventBus, TellsWhatHappensFromNowOn) {
    EventBus bus("run");
    bus.publish(event(1));
    Heard heard;
    const auto listener = bus.listen("", heard.listener());
    bus.publish(event(2));
    EXPECT_EQ(heard.said, (std::vector<std::string>{"now", "2"}));
    bus.stop_listening(listener);
    bus.publish(event(3));
    EXPECT_EQ(heard.said.size(), 2u);
    EXPECT_EQ(bus.listeners(), 0u);
}

TEST(EventBus, WhoComesAgainGoesOnWhereHeWas) {
    EventBus bus("run");
    Heard heard;
    const auto listener = bus.listen("", heard.listener());
    bus.stop_listening(listener);
    for (int i = 1; i <= 3; ++i) bus.publish(event(i));
    Heard again;
    bus.listen(heard.place, again.listener());
    EXPECT_EQ(again.said, (std::vector<std::string>{"resumed", "1", "2", "3"}));
    Heard later;
    bus.listen(again.place, later.listener());
    EXPECT_EQ(later.said, (std::vector<std::string>{"resumed"}));
}

TEST(EventBus, WhoMissedTooMuchIsToldSo) {
    EventBus bus("run");
    Heard heard;
    bus.listen("", heard.listener());
    const std::string place = heard.place;
    for (std::size_t i = 0; i < limits::event_history_max; ++i) bus.publish(event(0));
    Heard in_time;
    bus.listen(place, in_time.listener());
    EXPECT_EQ(in_time.said.size(), 1 + limits::event_history_max);
    bus.publish(event(0));
    Heard late;
    bus.listen(place, late.listener());
    EXPECT_EQ(late.said, (std::vector<std::string>{"lost"}));
}

TEST(EventBus, APlaceThatItDoesNotKnowIsLost) {
    EventBus bus("run");
    bus.publish(event(1));
    for (const char* place : {"other-1", "run-2", "run-", "run-1x", "run--1",
                              "run-99999999999999999999", "run", "-", "\xff"}) {
        Heard heard;
        bus.listen(place, heard.listener());
        EXPECT_EQ(heard.said, (std::vector<std::string>{"lost"})) << place;
        EXPECT_EQ(heard.place, "run-1");
    }
}

}  // namespace
}  // namespace reviver::cim
