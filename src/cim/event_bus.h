// What happens to objects, told to whoever listens: the seam between those who notice that the live
// system changed and the doors that pass it on. Either knows nothing of the other.
//
// Events are numbered. The newest of them are kept, so that somebody whose connection broke goes on
// where he was; somebody whose place is not known any more is told so, and reads anew.
//
// Threads: any. Listeners are called one after another in the order of the events, by whatever
// thread publishes, with the bus locked: they return at once and do not call the bus.
#pragma once

#include "cim/datetime.h"
#include "cim/instance.h"
#include "cim/object_path.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reviver::cim {

enum class Happening : std::uint8_t { created, modified, deleted };

std::string_view name_of(Happening happening);  // "created", "modified", "deleted"

struct Event {
    Happening happening = Happening::created;
    ObjectPath path;                   // with its namespace
    Instance instance;                 // as it is now; of one that was deleted, as it was last seen
    std::vector<std::string> changed;  // the properties that differ, when modified
    DateTime time;
    std::string id = {};  // given by the bus
};

class EventBus {
  public:
    // Where a listener begins.
    enum class Beginning : std::uint8_t {
        now,      // with what happens from now on
        resumed,  // after the event that he saw last
        lost,     // with what happens from now on, though he missed something
    };
    struct Start {
        Beginning beginning;
        std::string id;                    // of the newest event
        std::vector<const Event*> missed;  // since the one that he saw last, when resumed
    };
    struct Listener {
        std::function<void(const Start& start)> begin;
        std::function<void(const Event& event)> happened;
    };

    // `run` tells the events of one run of the program from those of another.
    explicit EventBus(std::string run) : run_(std::move(run)) {}

    void publish(Event event);
    // Calls `begin` now, and `happened` for each event from then on. `last_seen` is the id of the
    // last event that the listener saw; empty: there was none.
    std::uint64_t listen(std::string_view last_seen, Listener listener);
    // When it returned, the listener is not called any more.
    void stop_listening(std::uint64_t listener);
    std::size_t listeners();

  private:
    std::string id_of(std::uint64_t number) const;
    // How many of the kept events came after it; nullopt when that is not known.
    std::optional<std::size_t> events_since(std::string_view last_seen) const;

    const std::string run_;
    std::mutex mutex_;
    std::uint64_t last_number_ = 0;
    std::deque<Event> history_;
    std::map<std::uint64_t, Listener> listeners_;
    std::uint64_t next_listener_ = 1;
};

}  // namespace reviver::cim
