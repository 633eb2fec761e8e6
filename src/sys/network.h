// Reliable byte streams between machines. Nothing here authenticates or encrypts; that is put on
// top (src/wire).
//
// Errors: Code::unavailable when the other end cannot be reached or went away, Code::timeout when
// the deadline passed, Code::stopped after close() by our own side.
#pragma once

#include "base/bytes.h"
#include "sys/clock.h"

#include <cstdint>
#include <memory>
#include <string>

namespace reviver::sys {

struct Endpoint {
    std::string host;  // a name or an address
    std::uint16_t port = 0;
    std::string text() const;  // "host:port", "[v6]:port"
    bool operator==(const Endpoint&) const = default;
};

class Stream {
  public:
    virtual ~Stream() = default;
    // Waits for at least one byte; 0 means the other end has finished.
    virtual std::size_t read_some(ByteSpan to) = 0;
    virtual void write_all(ByteView from) = 0;
    // Applies to every read and write from now on.
    virtual void set_deadline(MonoTime deadline) = 0;
    // From any task: makes blocked and later reads and writes fail with Code::stopped.
    virtual void close() = 0;
};

class Listener {
  public:
    virtual ~Listener() = default;
    virtual std::unique_ptr<Stream> accept() = 0;  // waits; Code::stopped after close()
    virtual std::uint16_t port() const = 0;
    virtual void close() = 0;
};

class Network {
  public:
    virtual ~Network() = default;
    virtual std::unique_ptr<Stream> connect(const Endpoint& to, MonoTime deadline) = 0;
    virtual std::unique_ptr<Listener> listen(const Endpoint& at) = 0;  // port 0: any free one
};

}  // namespace reviver::sys
