// A door answers the requests of one protocol. The server has read the request wholly and, for a
// Door, knows who asks: what runs behind a Door cannot be reached without a Principal.
//
// Threads: handle() is called by several workers at once and may block. It answers every request
// and throws nothing but Error, which becomes a plain 500.
#pragma once

#include "cim/provider.h"
#include "server/http_message.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace reviver::server {

class Door {
  public:
    virtual ~Door() = default;
    // What the body may be; asked before it is read. 0 accepts it, else the HTTP status of the
    // refusal.
    virtual unsigned refuse_before_body(const HttpRequest& header) const = 0;
    // How that refusal is said; plain text unless the protocol has a form for it.
    virtual HttpReply refusal(unsigned status, const HttpRequest& header) const;
    virtual HttpReply handle(const HttpRequest& request, const cim::Principal& who) = 0;
};

// What anybody may ask. It must give away nothing and change nothing.
class PublicDoor {
  public:
    virtual ~PublicDoor() = default;
    // Does this request come in here? Decided by path and header fields alone.
    virtual bool admits(const HttpRequest& header) const = 0;
    virtual HttpReply handle(const HttpRequest& request) = 0;
};

// Which door a path leads to; a slash at its end makes no difference. Filled before the server
// starts.
class Router {
  public:
    void add(std::string path, std::shared_ptr<Door> door) {
        doors_[std::move(path)] = std::move(door);
    }
    // The door answers what is below the path too.
    void add_below(std::string path, std::shared_ptr<Door> door) {
        doors_below_[path + "/"] = door;
        add(std::move(path), std::move(door));
    }
    void add_public(std::shared_ptr<PublicDoor> door) { public_doors_.push_back(std::move(door)); }

    Door* door_to(const std::string& path) const;  // nullptr: 404
    PublicDoor* public_door_to(
        const HttpRequest& header) const;  // nullptr: none, who asks must say who he is

  private:
    std::map<std::string, std::shared_ptr<Door>> doors_;
    std::map<std::string, std::shared_ptr<Door>> doors_below_;  // by path with a slash at its end
    std::vector<std::shared_ptr<PublicDoor>> public_doors_;
};

}  // namespace reviver::server
