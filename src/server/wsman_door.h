// WS-Management over HTTP: DSP0226 1.0 with the CIM binding DSP0227 1.0 and [MS-WSMV] where real
// clients go beyond.
//
// What it serves: Identify, Get, Enumerate, Pull, Release, the methods of classes, and the classes
// themselves. What it does not serve is answered by the fault that says so.
#pragma once

#include "cim/object_manager.h"
#include "server/door.h"
#include "server/door_options.h"

#include <memory>
#include <string>

namespace reviver::server {

class WsmanDoor : public Door {
  public:
    WsmanDoor(std::shared_ptr<const cim::ObjectManager> objects, DoorOptions options);
    ~WsmanDoor() override;

    unsigned refuse_before_body(const HttpRequest& header) const override;
    HttpReply handle(const HttpRequest& request, const cim::Principal& who) override;

  private:
    class State;
    std::unique_ptr<State> state_;
};

// Identify without credentials: /wsman-anon/identify, or the header field "WSMANIDENTIFY:
// unauthenticated" at /wsman. Says which protocol and product this is, and no version.
class WsmanPublicIdentify : public PublicDoor {
  public:
    explicit WsmanPublicIdentify(DoorOptions options) : options_(std::move(options)) {}

    bool admits(const HttpRequest& header) const override;
    HttpReply handle(const HttpRequest& request) override;

  private:
    DoorOptions options_;
};

}  // namespace reviver::server
