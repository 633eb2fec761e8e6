// What happens to objects, as server-sent events (HTML, 9.2): one stream a client.
//
//   id: 5f2a-17                       of the event, for Last-Event-ID
//   event: modified                   or created, deleted
//   data: {"@class": "Msvm_ConcreteJob", "@href": "/api/v1/...", "namespace": "root/...",
//          "time": "2025-01-02T03:04:05Z", "changed": ["JobState"], "instance": {...}}
//
// A stream begins with "ready", or, when it cannot go on where the client was, with "reset": then
// the client reads anew. A stream lasts for limits::stream_time_max at most; the client comes again
// with Last-Event-ID and proves again who he is.
//
// Threads: any. Errors: HttpProblem 429, CimError access_denied, invalid_class.
#pragma once

#include "cim/event_bus.h"
#include "cim/object_manager.h"
#include "rest/uri.h"
#include "server/http_message.h"

#include <memory>

namespace reviver::rest {

class EventStreams {
  public:
    EventStreams(std::shared_ptr<const cim::ObjectManager> objects, cim::EventBus& bus);

    // The query: "class" (and subclasses), "namespace", and "last" in place of the header field.
    server::HttpReply open(const cim::Principal& who, const QueryParameters& query,
                           std::string_view last_event_id);

  private:
    class Seats;

    std::shared_ptr<const cim::ObjectManager> objects_;
    std::shared_ptr<Seats> seats_;
};

}  // namespace reviver::rest
