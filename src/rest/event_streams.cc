#include "rest/event_streams.h"

#include "rest/json_values.h"
#include "rest/limits.h"
#include "rest/problem.h"
#include "server/body_stream.h"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>

namespace reviver::rest {

namespace json = boost::json;
using cim::CimError;
using cim::Event;
using cim::EventBus;
using server::BodyStream;

// Who has how many streams, and who listens for each. Streams hold it, so it outlives the door.
class EventStreams::Seats {
  public:
    explicit Seats(EventBus& bus) : bus_(bus) {}

    EventBus& bus() { return bus_; }

    void take(const std::string& who) {
        const std::lock_guard lock(mutex_);
        if (total_ >= limits::event_streams_max ||
            by_user_[who] >= limits::event_streams_per_user_max) {
            throw HttpProblem(
                429, fmt::format("there are too many streams of events: {} an "
                                 "account, {} together",
                                 limits::event_streams_per_user_max, limits::event_streams_max));
        }
        ++total_;
        ++by_user_[who];
    }

    void leave(const std::string& who, std::uint64_t listener) {
        bus_.stop_listening(listener);
        const std::lock_guard lock(mutex_);
        --total_;
        if (--by_user_[who] == 0) by_user_.erase(who);
    }

  private:
    EventBus& bus_;
    std::mutex mutex_;
    std::size_t total_ = 0;
    std::map<std::string, std::size_t> by_user_;
};

namespace {

// Which events a client is told: those that he asked for, of what he may read.
class Filter {
  public:
    Filter(std::shared_ptr<const cim::ObjectManager> objects, cim::Principal who,
           const QueryParameters& query)
        : objects_(std::move(objects)), who_(std::move(who)) {
        for (const auto& [name, value] : query) {
            if (name == "class")
                class_name_ = value;
            else if (name == "namespace")
                name_space_ = cim::normal_namespace(value);
            else if (name != "last")
                throw CimError(cim::Status::invalid_parameter,
                               fmt::format("there is no parameter {} here", name));
        }
        check();
    }

    bool lets_through(const Event& event) const {
        const std::string& name_space = event.path.name_space();
        if (!name_space_.empty() && !cim::same_name(name_space, name_space_)) return false;
        const cim::Schema& schema = objects_->schema(name_space);
        if (!class_name_.empty() && !schema.derives(event.path.class_name(), class_name_)) {
            return false;
        }
        return may_read(event.path);
    }

    const cim::Schema& schema_of(const Event& event) const {
        return objects_->schema(event.path.name_space());
    }

  private:
    void check() const {
        bool known = class_name_.empty();
        for (const std::string& name_space : objects_->namespaces()) {
            if (!name_space_.empty() && !cim::same_name(name_space, name_space_)) continue;
            objects_->classes(who_, name_space);  // may he read anything?
            known = known || objects_->schema(name_space).find(class_name_);
        }
        if (!name_space_.empty()) objects_->schema(name_space_);
        if (!known) {
            throw CimError(cim::Status::invalid_class,
                           fmt::format("there is no class {}", class_name_));
        }
    }

    bool may_read(const cim::ObjectPath& path) const {
        try {
            objects_->get_class(who_, path.name_space(), path.class_name());
            return true;
        } catch (const CimError&) {
            return false;
        }
    }

    std::shared_ptr<const cim::ObjectManager> objects_;
    cim::Principal who_;
    std::string class_name_;
    std::string name_space_;
};

std::string message(std::string_view id, std::string_view type, const json::object& data) {
    return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", id, type, json::serialize(data));
}

std::string message(const Filter& filter, const Event& event) {
    const cim::Schema& schema = filter.schema_of(event);
    json::array changed;
    for (const std::string& name : event.changed) changed.push_back(json::string(name));
    json::object data{{"@class", event.path.class_name()},
                      {"@href", href_of(event.path, schema.name_space())},
                      {"namespace", schema.name_space()},
                      {"time", event.time.iso_text()},
                      {"changed", std::move(changed)},
                      {"instance", instance_json(schema, event.instance, &event.path)}};
    return message(event.id, cim::name_of(event.happening), data);
}

std::string beginning(const Filter& filter, const EventBus::Start& start) {
    if (start.beginning == EventBus::Beginning::lost) return message(start.id, "reset", {});
    std::string result;
    for (const Event* event : start.missed) {
        if (filter.lets_through(*event)) result += message(filter, *event);
    }
    if (result.size() > limits::missed_bytes_max) return message(start.id, "reset", {});
    return result + message(start.id, "ready", {});
}

}  // namespace

EventStreams::EventStreams(std::shared_ptr<const cim::ObjectManager> objects, EventBus& bus)
    : objects_(std::move(objects)), seats_(std::make_shared<Seats>(bus)) {}

server::HttpReply EventStreams::open(const cim::Principal& who, const QueryParameters& query,
                                     std::string_view last_event_id) {
    const auto filter = std::make_shared<const Filter>(objects_, who, query);
    const auto last = query.find("last");
    const std::string seen = last != query.end() ? last->second : std::string(last_event_id);
    seats_->take(who.name());
    const auto listener = std::make_shared<std::uint64_t>(0);
    const auto stream = std::make_shared<BodyStream>(
        [seats = seats_, name = who.name(), listener] { seats->leave(name, *listener); });
    *listener = seats_->bus().listen(seen, {[stream, filter](const EventBus::Start& start) {
                                                stream->push(beginning(*filter, start));
                                            },
                                            [stream, filter](const Event& event) {
                                                if (filter->lets_through(event))
                                                    stream->push(message(*filter, event));
                                            }});
    server::HttpReply reply;
    reply.fields = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}};
    // The bus holds the stream too; it is over when the reader has let it go, not when it is
    // destroyed, which could be while the bus is locked.
    reply.stream =
        std::shared_ptr<BodyStream>(stream.get(), [stream](BodyStream* read) { read->close(); });
    reply.sign_of_life = ":\n\n";
    return reply;
}

}  // namespace reviver::rest
