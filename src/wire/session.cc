#include "wire/session.h"

#include "base/log.h"
#include "wire/greeting.h"
#include "wire/requests.h"

namespace reviver::wire {

namespace {

// That a peer or we ourselves go away is nothing to warn of.
void log_end(const std::string& peer, const Error& error) {
    const bool ordinary = error.code() == Code::stopped || error.code() == Code::unavailable;
    const auto level = ordinary ? level_enum::debug : level_enum::warn;
    spdlog::log(level, "the connection of {} ends: {}", peer, error.what());
}

}  // namespace

Session::Session(PeerServer& server, std::shared_ptr<sys::Stream> stream)
    : server_(server), stream_(std::move(stream)) {}

void Session::start() {
    task_ = server_.world_.tasks.start("wire-session", [this] { run(); });
}

void Session::join() {
    if (task_) task_->join();
}

void Session::close() {
    stream_->close();
}

void Session::set_greeted(const Fingerprint& peer) {
    const std::lock_guard lock(mutex_);
    greeted_ = peer;
}

bool Session::is_greeted() const {
    const std::lock_guard lock(mutex_);
    return greeted_.has_value();
}

bool Session::belongs_to(const Fingerprint& peer) const {
    const std::lock_guard lock(mutex_);
    return greeted_ == peer;
}

Traffic Session::traffic() const {
    const std::lock_guard lock(mutex_);
    return connection_ ? connection_->traffic() : traffic_;
}

void Session::run() {
    try {
        converse(server_.world_.clock.after(server_.options_.patience.handshake_max));
    } catch (const Error& e) {
        log_end("a peer", e);
    }
    stream_->close();
    let_go_of_connection();
    over_ = true;
}

// Its heartbeat is joined, so not with the mutex held.
void Session::let_go_of_connection() {
    std::shared_ptr<Connection> connection;
    const std::lock_guard lock(mutex_);
    if (connection_) traffic_ = connection_->traffic();
    connection.swap(connection_);
}

void Session::converse(sys::MonoTime greeted_by) {
    auto connection =
        std::make_shared<Connection>(server_.world_, server_.transport_.accept(stream_, greeted_by),
                                     server_.options_.patience, greeted_by);
    {
        const std::lock_guard lock(mutex_);
        connection_ = connection;
    }
    Peer peer;
    try {
        peer = welcome(*connection);
    } catch (const Error& e) {
        connection->refuse(e);
        throw;
    }
    connection->keep_alive();
    serve(*connection, peer);
    connection->close();
}

// The order matters: who is not in the directory is refused before one byte of what it sends is
// looked at.
Peer Session::welcome(Connection& connection) {
    const Fingerprint fingerprint = connection.peer();
    const std::optional<Peer> known = server_.directory_.find(fingerprint);
    if (!known) {
        fail(Code::access_denied, "site {} does not know the certificate {}: pair the two sites",
             server_.self_.name, fingerprint.text());
    }
    server_.enter(*this, fingerprint);
    const Hello hello = receive_hello(connection);
    if (!known->id.is_none() && known->id != hello.site.id) {
        fail(Code::access_denied, "the certificate of site {} ({}) is used by another site, {}",
             known->name, known->id.text(), hello.site.id.text());
    }
    send_hello(connection, server_.self_, server_.options_.window_bytes);
    Peer peer = agree_with(hello, fingerprint);
    peer.name = known->name;
    return peer;
}

void Session::serve(Connection& connection, const Peer& peer) {
    FrameQueue queue(server_.world_, server_.options_.window_bytes);
    const auto worker =
        server_.world_.tasks.start("wire-work", [&] { work(connection, peer, queue); });
    try {
        read(connection, queue);
    } catch (const Error& e) {
        // Said, and read away what still comes, before waiting for the handler: the peer need not
        // wait for it, too.
        queue.close();
        connection.refuse(e);
        worker->join();
        throw;
    }
    queue.close();
    worker->join();
}

void Session::read(Connection& connection, FrameQueue& queue) {
    for (;;) {
        Frame frame;
        if (!connection.receive(frame, request_frames)) return;
        queue.push(std::move(frame));
    }
}

void Session::work(Connection& connection, const Peer& peer, FrameQueue& queue) {
    Requests requests(connection, peer, server_.handler_, server_.options_.window_bytes);
    try {
        for (Frame frame; queue.pop(frame);) {
            requests.handle(frame);
            if (queue.empty()) requests.idle();
        }
    } catch (const Error& e) {
        // The reading task ends when the peer, told why, goes away, or when it does not in time.
        queue.close();
        log_end(peer.name, e);
        connection.announce_end(e);
    }
}

}  // namespace reviver::wire
