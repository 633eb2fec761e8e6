// One connection at the serving side, from accept to end, in two tasks:
//
//     reading task:  handshake, directory, greeting, then frames ---> FrameQueue
//     working task:                                     requests <---'  answers
//
// Reading never waits for working, so a peer that is busy is heard, and one that is gone is
// noticed, while a handler blocks.
#pragma once

#include "wire/frame_queue.h"
#include "wire/server.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

namespace reviver::wire {

class Session {
  public:
    Session(PeerServer& server, std::shared_ptr<sys::Stream> stream);

    void start();
    void join();
    bool is_over() const { return over_; }
    // From when the server has counted it as one of a peer.
    void set_greeted(const Fingerprint& peer);
    bool is_greeted() const;
    bool belongs_to(const Fingerprint& peer) const;
    Traffic traffic() const;
    // From any task: the session ends as soon as its handler returns.
    void close();

  private:
    void run();
    void converse(sys::MonoTime greeted_by);
    void let_go_of_connection();
    Peer welcome(Connection& connection);
    void serve(Connection& connection, const Peer& peer);
    void read(Connection& connection, FrameQueue& queue);
    void work(Connection& connection, const Peer& peer, FrameQueue& queue);

    PeerServer& server_;
    const std::shared_ptr<sys::Stream> stream_;
    std::atomic<bool> over_ = false;
    mutable std::mutex mutex_;
    std::optional<Fingerprint> greeted_;
    std::shared_ptr<Connection> connection_;  // while it lasts
    Traffic traffic_;                         // then
    std::unique_ptr<sys::Task> task_;
};

}  // namespace reviver::wire
