#include "wire/server.h"

#include "base/check.h"
#include "base/log.h"
#include "wire/session.h"

#include <algorithm>

namespace reviver::wire {

namespace {

constexpr sys::Duration pause_when_out_of_sockets = std::chrono::milliseconds(200);

}  // namespace

PeerServer::PeerServer(sys::World& world, Transport& transport, const Site& self,
                       const sys::Endpoint& at, PeerDirectory& directory, PeerHandler& handler,
                       const ServerOptions& options)
    : world_(world),
      transport_(transport),
      self_(self),
      directory_(directory),
      handler_(handler),
      options_(options),
      listener_(world.network.listen(at)),
      port_(listener_->port()) {
    REVIVER_CHECK(options.window_bytes >= window_bytes_min);
    accepting_ = world.tasks.start("wire-accept", [this] { accept_loop(); });
}

PeerServer::~PeerServer() {
    close();
}

void PeerServer::accept_loop() {
    for (;;) {
        try {
            admit(listener_->accept());
        } catch (const Error& e) {
            if (e.code() == Code::stopped) return;
            log_warning("cannot take a connection: {}", e.what());
            world_.clock.sleep_until(world_.clock.after(pause_when_out_of_sockets));
        }
    }
}

void PeerServer::admit(std::unique_ptr<sys::Stream> stream) {
    reap();
    auto session = std::make_shared<Session>(*this, std::move(stream));
    {
        const std::lock_guard lock(mutex_);
        const auto greeting = std::ranges::count_if(
            sessions_, [](const auto& other) { return !other->is_greeted() && !other->is_over(); });
        if (closing_ || static_cast<std::size_t>(greeting) >= options_.greeting) return;
        sessions_.push_back(session);
    }
    session->start();
}

void PeerServer::reap() {
    std::list<std::shared_ptr<Session>> over;
    {
        const std::lock_guard lock(mutex_);
        for (auto at = sessions_.begin(); at != sessions_.end();) {
            const auto next = std::next(at);
            if ((*at)->is_over()) {
                ended_traffic_ += (*at)->traffic();
                over.splice(over.end(), sessions_, at);
            }
            at = next;
        }
    }
    for (const auto& session : over) session->join();
}

void PeerServer::enter(Session& session, const Fingerprint& peer) {
    const std::lock_guard lock(mutex_);
    std::size_t all = 0;
    std::size_t of_peer = 0;
    for (const auto& other : sessions_) {
        if (other->is_over() || !other->is_greeted()) continue;
        ++all;
        if (other->belongs_to(peer)) ++of_peer;
    }
    if (of_peer >= options_.connections_per_peer || all >= options_.connections) {
        fail(Code::in_use, "site {} has {} connections, {} of them from this peer: try again later",
             self_.name, all, of_peer);
    }
    session.set_greeted(peer);
}

Traffic PeerServer::traffic() const {
    const std::lock_guard lock(mutex_);
    Traffic sum = ended_traffic_;
    for (const auto& session : sessions_) sum += session->traffic();
    return sum;
}

void PeerServer::close() {
    {
        const std::lock_guard lock(mutex_);
        closing_ = true;
    }
    if (listener_) listener_->close();
    accepting_->join();
    // Whoever knocks from now on finds nobody, instead of waiting in a backlog.
    listener_.reset();
    std::list<std::shared_ptr<Session>> open;
    {
        const std::lock_guard lock(mutex_);
        open = sessions_;
    }
    for (const auto& session : open) session->close();
    for (const auto& session : open) session->join();
}

}  // namespace reviver::wire
