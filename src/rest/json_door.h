// The object model as JSON over HTTP, below /api/v1: for scripts, and for pages in a browser.
//
//   GET  /api/v1/                                              namespaces
//   GET  /api/v1/{ns}/classes[/{class}]                        what the model is made of
//   GET  /api/v1/{ns}/instances/{class}[?filter=&properties=&limit=]
//   GET  /api/v1/{ns}/instances/{class}/{keys}[/associators | /references]
//   POST /api/v1/{ns}/instances/{class}/{keys}/methods/{method}
//   GET  /api/v1/{ns}/query?q=SELECT...                        WQL
//   GET  /api/v1/{ns}/jobs, /api/v1/{ns}/pages/{page}
//   GET  /api/v1/openapi.json                                  all of this, for programs
//   GET  /api/v1/events                                        text/event-stream
//
// How namespaces and keys are written is in rest/uri.h, how values are in rest/json_values.h, how
// errors are in rest/problem.h, and events in rest/event_streams.h.
//
// What changes something needs "Content-Type: application/json", which no form of another site can
// send without this site's leave, and leave is given to none.
#pragma once

#include "cim/event_bus.h"
#include "cim/object_manager.h"
#include "server/door.h"
#include "server/door_options.h"

#include <memory>

namespace reviver::rest {

class JsonDoor : public server::Door {
  public:
    // Register it below rest::api_root. `events` outlives it and every reply of it.
    JsonDoor(std::shared_ptr<const cim::ObjectManager> objects, cim::EventBus& events,
             server::DoorOptions options);
    ~JsonDoor() override;

    unsigned refuse_before_body(const server::HttpRequest& header) const override;
    server::HttpReply refusal(unsigned status, const server::HttpRequest& header) const override;
    server::HttpReply handle(const server::HttpRequest& request,
                             const cim::Principal& who) override;

  private:
    class State;
    std::unique_ptr<State> state_;
};

}  // namespace reviver::rest
