// Handles the requests of one peer, in the order they came, and answers them.
//
// Two kinds of trouble are kept apart. What the handler or the sink says is an answer: `failure`,
// and the connection goes on. What no correct peer sends (a chunk before an open, a message that
// does not parse) is thrown, and ends the connection.
//
// After a chunk failed, all that follow are skipped and everything but open and begin_cut fails
// likewise: the chunks behind a hole must never become part of a point.
#pragma once

#include "wire/compress.h"
#include "wire/connection.h"
#include "wire/server.h"

#include <memory>
#include <optional>

namespace reviver::wire {

class Requests {
  public:
    Requests(Connection& connection, const Peer& peer, PeerHandler& handler,
             std::size_t window_bytes);

    // Errors: those of the connection, and protocol.
    void handle(const Frame& frame);
    // Nothing waits behind what was handled: what is not acknowledged yet should be now.
    void idle();

  private:
    void call(const Frame& frame);
    void open(const Frame& frame);
    void begin_cut(const Frame& frame);
    void chunk(const Frame& frame);
    void write(const Frame& frame);
    void compare(const Frame& frame);
    void commit(const Frame& frame);

    // Answers with what `work` returns, or with the Error that it throws.
    template <class Work>
    void answer(const Frame& frame, FrameType type, Work work);
    void send_failure(std::uint64_t number, const Error& error);
    void acknowledge();
    void require_open() const;
    void throw_chunk_error() const;

    Connection& connection_;
    const Peer peer_;
    PeerHandler& handler_;
    const std::size_t acknowledge_every_bytes_;
    Decompressor decompressor_;
    std::unique_ptr<point::Sink> sink_;
    std::vector<std::uint64_t> disk_sizes_;
    bool cut_begun_ = false;
    std::optional<Error> chunk_error_;
    std::uint64_t written_ = 0;  // number of the newest chunk that is written
    std::size_t unacknowledged_bytes_ = 0;
};

}  // namespace reviver::wire
