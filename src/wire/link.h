// What PeerLink and RemoteSink share: one greeted connection, requests matched to answers by
// number, and the window of chunks that were sent and not yet acknowledged.
//
// A task of its own reads at all times. It hands each answer to the task that waits for it, moves
// the window, and when the connection ends gives everybody the reason.
#pragma once

#include "wire/client.h"
#include "wire/connection.h"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

namespace reviver::wire {

class Link {
  public:
    Link(sys::World& world, std::unique_ptr<Channel> channel, const Site& self,
         sys::MonoTime deadline, const LinkOptions& options);
    ~Link();

    struct Request {
        FrameType type;
        ByteView message;
        ByteView payload;
    };
    // Returns the answer, a frame of type `answer`. Throws what the peer answers instead.
    Frame ask(const Request& request, FrameType answer, sys::MonoTime deadline = sys::never);

    // The receive at the peer belongs to whoever took it over last; check_receive() fails for
    // everybody else.
    std::uint64_t take_over_receive();
    void check_receive(std::uint64_t receive) const;
    // Waits for room in the window. Throws what the peer said of an earlier chunk.
    void send_chunk(FrameHeader header, ByteView message, ByteView payload);
    // A receive or a cut begins anew: what the peer said of the chunks before is settled.
    void forget_chunks();

    const Peer& peer() const { return peer_; }
    int compression_level() const { return options_.compression_level; }
    Traffic traffic() const { return connection_.traffic(); }
    void close() { connection_.close(); }

  private:
    // Somebody who waits for the answer with a certain number. Lives on the stack of ask().
    struct Waiting {
        FrameType request;
        FrameType answer;
        std::unique_ptr<sys::Signal> signal;
        std::optional<Frame> frame;
        std::optional<Error> error;
    };
    struct Sent {
        std::uint64_t number;
        std::size_t cost;
    };

    std::uint64_t enlist(Waiting& waiting);
    void strike(std::uint64_t number);
    void read();
    void take(Frame frame);
    void answer_waiting(Frame frame);
    void acknowledge(std::uint64_t number);
    void break_with(const Error& error);
    void await_reason(sys::Signal& signal);
    bool try_reserve(std::size_t cost, std::uint64_t& number);
    void throw_if_broken() const;
    Error named(Error error) const;

    sys::World& world_;
    const LinkOptions options_;
    Connection connection_;
    Peer peer_;
    std::size_t window_bytes_ = 0;
    mutable std::mutex mutex_;
    std::uint64_t last_number_ = 0;
    std::map<std::uint64_t, Waiting*> waiting_;
    std::deque<Sent> in_flight_;
    std::size_t in_flight_bytes_ = 0;
    std::optional<Error> chunk_error_;
    std::optional<Error> broken_;
    std::uint64_t receive_ = 0;
    std::unique_ptr<sys::Signal> window_moved_;
    std::unique_ptr<sys::Task> reader_;  // last: joined before what it uses goes
};

}  // namespace reviver::wire
