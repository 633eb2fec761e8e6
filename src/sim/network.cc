#include "sim/network.h"

#include "base/error.h"
#include "sim/limits.h"

#include <algorithm>

namespace reviver::sim {

using sys::MonoTime;
using sys::never;

class SimStream : public sys::Stream {
  public:
    SimStream(Network& network, std::shared_ptr<Connection> connection, int end)
        : network_(network), connection_(std::move(connection)), end_(end) {}

    ~SimStream() override {
        if (!stale()) network_.end(*connection_, end_);
    }

    std::size_t read_some(ByteSpan to) override {
        if (to.empty()) return 0;
        for (;;) {
            if (!enter(Step::receive)) return 0;
            if (const std::size_t got = take(to)) return got;
            if (known(incoming().reset_arrives)) fail_broken();
            if (known(incoming().end_arrives)) return 0;
            wait(incoming().readers, next_arrival(), "bytes to read");
        }
    }

    void write_all(ByteView from) override {
        while (!from.empty()) {
            if (!enter(Step::send)) return;
            // The end of the incoming pipe is no reason: the other side may only have finished
            // writing. It says so itself.
            if (known(outgoing().reset_arrives)) fail_broken();
            const std::uint64_t room = outgoing().window - outgoing().unread;
            if (room == 0) {
                wait(outgoing().writers, outgoing().reset_arrives, "room to write");
                continue;
            }
            const std::size_t part = network_.prng_.between(1, std::min(room, piece(from)));
            network_.send(*connection_, end_, from.first(part));
            from = from.subspan(part);
        }
    }

    void set_deadline(MonoTime deadline) override { deadline_ = host().simulated(deadline); }

    void close() override {
        if (stale()) return;
        network_.end(*connection_, end_);
        network_.wake(*connection_);
    }

  private:
    Host& host() { return *connection_->hosts[end_]; }
    Pipe& incoming() { return connection_->pipes[1 - end_]; }
    Pipe& outgoing() { return connection_->pipes[end_]; }
    // Of an earlier life of the site: the connection has been dealt with when the site died.
    bool stale() { return host().incarnation != connection_->incarnations[end_] || !host().up; }
    bool known(MonoTime news) { return network_.arrived(*connection_, news); }

    // Mostly small pieces of what is small and large ones of what is large, now and then a few
    // bytes.
    std::uint64_t piece(ByteView from) {
        return network_.prng_.one_in(16) ? std::min<std::uint64_t>(from.size(), 8) : from.size();
    }

    bool enter(Step step) {
        if (!host().gate->enter(step)) return false;
        if (connection_->closed[end_]) fail(Code::stopped, "the connection was closed");
        return true;
    }

    [[noreturn]] void fail_broken() { fail(Code::unavailable, "the connection broke"); }

    std::size_t take(ByteSpan to) {
        Pipe& pipe = incoming();
        if (pipe.segments.empty() || !known(pipe.segments.front().arrives)) return 0;
        auto& segment = pipe.segments.front();
        const ByteView rest = ByteView(segment.bytes).subspan(segment.taken);
        const std::size_t most = std::min(to.size(), rest.size());
        const std::size_t part = network_.prng_.one_in(4) ? network_.prng_.between(1, most) : most;
        std::copy_n(rest.begin(), part, to.begin());
        segment.taken += part;
        if (segment.taken == segment.bytes.size()) pipe.segments.pop_front();
        pipe.unread -= part;
        network_.scheduler_.wake_all(pipe.writers);
        return part;
    }

    MonoTime next_arrival() {
        const Pipe& pipe = incoming();
        const MonoTime data = pipe.segments.empty() ? never : pipe.segments.front().arrives;
        return std::min({data, pipe.end_arrives, pipe.reset_arrives});
    }

    void wait(WaitQueue& queue, MonoTime news, const char* what) {
        const MonoTime now = network_.scheduler_.now();
        if (now >= deadline_) fail(Code::timeout, "the other end did not answer in time");
        // News that is late already is held up by a partition; healing it wakes everybody.
        network_.scheduler_.wait(queue, std::min(deadline_, news > now ? news : never), what);
    }

    Network& network_;
    std::shared_ptr<Connection> connection_;
    int end_;
    MonoTime deadline_ = never;
};

class SimListener : public sys::Listener {
  public:
    SimListener(Network& network, std::shared_ptr<Network::Door> door)
        : network_(network), door_(std::move(door)) {}
    ~SimListener() override { SimListener::close(); }

    std::unique_ptr<sys::Stream> accept() override {
        for (;;) {
            if (!door_->host->gate->enter(Step::accept)) return nullptr;
            if (door_->closed) fail(Code::stopped, "the listener was closed");
            if (!door_->waiting.empty()) break;
            network_.scheduler_.wait(door_->acceptors, never, "a connection");
        }
        auto connection = std::move(door_->waiting.front());
        door_->waiting.pop_front();
        return std::make_unique<SimStream>(network_, std::move(connection), 1);
    }

    std::uint16_t port() const override { return door_->port; }

    void close() override {
        door_->closed = true;
        for (const auto& connection : door_->waiting) {
            network_.reset(*connection, network_.arrival());
        }
        door_->waiting.clear();
        network_.scheduler_.wake_all(door_->acceptors);
        std::erase(network_.doors_, door_);
    }

  private:
    Network& network_;
    std::shared_ptr<Network::Door> door_;
};

void Network::partition(const std::string& a, const std::string& b) {
    partitions_.emplace_back(a, b);
}

void Network::heal() {
    partitions_.clear();
    for (const auto& weak : connections_) {
        if (const auto connection = weak.lock()) wake(*connection);
    }
    scheduler_.wake_all(travellers_);
}

void Network::cut_all() {
    for (const auto& weak : connections_) {
        if (const auto connection = weak.lock()) reset(*connection, scheduler_.now());
    }
}

void Network::host_died(Host& host, bool silently) {
    for (const auto& weak : connections_) {
        const auto connection = weak.lock();
        if (!connection) continue;
        for (int i : {0, 1}) {
            if (connection->hosts[i] != &host) continue;
            if (connection->incarnations[i] != host.incarnation) continue;
            if (silently) {
                connection->vanished[i] = true;
            } else {
                end(*connection, i);
            }
        }
    }
    std::erase_if(doors_, [&](const auto& door) { return door->host == &host; });
}

// A machine that is back answers what belongs to a connection of its earlier life with a reset.
void Network::host_started(Host& host) {
    for (const auto& weak : connections_) {
        const auto connection = weak.lock();
        if (!connection) continue;
        for (int i : {0, 1}) {
            if (connection->hosts[i] != &host || !connection->vanished[i]) continue;
            if (connection->pipes[1 - i].unread > 0) reset(*connection, arrival());
        }
    }
}

std::unique_ptr<sys::Stream> Network::connect(Host& from, const sys::Endpoint& to,
                                              MonoTime deadline) {
    deadline = from.simulated(deadline);
    if (!from.gate->enter(Step::connect, to.port)) return nullptr;
    Host& host = find(to);
    travel(deadline, from, host);
    if (!from.gate->enter(Step::connect, to.port)) return nullptr;
    const auto door = door_at(host, to.port);
    if (!door || prng_.one_in(faults_.refuse_one_in)) {
        fail(Code::unavailable, "cannot connect to {}: refused", to.text());
    }
    auto connection = make_connection(from, host);
    door->waiting.push_back(connection);
    scheduler_.wake_one(door->acceptors);
    return std::make_unique<SimStream>(*this, std::move(connection), 0);
}

// There and back. A machine without power does not even refuse.
void Network::travel(MonoTime deadline, const Host& from, const Host& to) {
    const MonoTime arrives = std::max(arrival(), arrival());
    for (;;) {
        const MonoTime now = scheduler_.now();
        if (scheduler_.doomed()) return;
        const bool open = to.up && !partitioned(from, to);
        if (open && now >= arrives) return;
        if (now >= deadline) fail(Code::timeout, "{} does not answer", to.name);
        scheduler_.wait(travellers_, std::min(deadline, open ? arrives : never), "a connection");
    }
}

std::unique_ptr<sys::Listener> Network::listen(Host& at, std::uint16_t port) {
    if (!at.gate->enter(Step::accept, port)) return nullptr;
    if (port == 0) port = next_port_++;
    if (door_at(at, port)) fail(Code::in_use, "port {} of {} is in use", port, at.name);
    doors_.push_back(std::make_shared<Door>(Door{&at, port, {}, {}, false}));
    return std::make_unique<SimListener>(*this, doors_.back());
}

MonoTime Network::arrival() {
    const auto spread = static_cast<std::uint64_t>((faults_.delay_max - faults_.delay_min).count());
    // Mostly fast, now and then as slow as it may be.
    const std::uint64_t delay = prng_.below((prng_.one_in(8) ? spread : spread / 8) + 1);
    return scheduler_.now() + faults_.delay_min + sys::Duration(delay);
}

bool Network::partitioned(const Host& a, const Host& b) const {
    return std::any_of(partitions_.begin(), partitions_.end(), [&](const auto& pair) {
        return (pair.first == a.name && pair.second == b.name) ||
               (pair.first == b.name && pair.second == a.name);
    });
}

bool Network::arrived(const Connection& connection, MonoTime time) const {
    return time <= scheduler_.now() && !partitioned(*connection.hosts[0], *connection.hosts[1]);
}

void Network::send(Connection& connection, int end, ByteView bytes) {
    Pipe& pipe = connection.pipes[end];
    // What follows on a connection that is being reset never arrives, however late the reset is.
    const bool lost = pipe.reset_arrives != never;
    const std::uint64_t left = lost ? 0 : pipe.breaks_at - std::min(pipe.breaks_at, pipe.written);
    const ByteView delivered = bytes.first(std::min<std::uint64_t>(bytes.size(), left));
    pipe.last_arrival = std::max(pipe.last_arrival, arrival());
    pipe.written += bytes.size();
    pipe.unread += bytes.size();
    if (!delivered.empty()) {
        pipe.segments.push_back({pipe.last_arrival, {delivered.begin(), delivered.end()}, 0});
    }
    const bool nobody_there = connection.closed[1 - end] ||
                              (connection.vanished[1 - end] && connection.hosts[1 - end]->up);
    if (delivered.size() < bytes.size() || nobody_there) reset(connection, pipe.last_arrival);
    scheduler_.wake_all(pipe.readers);
}

void Network::end(Connection& connection, int end) {
    if (connection.closed[end]) return;
    connection.closed[end] = true;
    // tcp(7): closing with bytes unread says so by a reset, which may overtake what was written
    // before.
    if (connection.pipes[1 - end].unread > 0) return reset(connection, arrival());
    Pipe& pipe = connection.pipes[end];
    pipe.last_arrival = std::max(pipe.last_arrival, arrival());
    pipe.end_arrives = pipe.last_arrival;
    wake(connection);
}

void Network::reset(Connection& connection, MonoTime arrives) {
    for (Pipe& pipe : connection.pipes) {
        pipe.reset_arrives = std::min(pipe.reset_arrives, arrives);
        while (!pipe.segments.empty() && pipe.segments.back().arrives > arrives) {
            pipe.segments.pop_back();
        }
    }
    wake(connection);
}

void Network::wake(Connection& connection) {
    for (Pipe& pipe : connection.pipes) {
        scheduler_.wake_all(pipe.readers);
        scheduler_.wake_all(pipe.writers);
    }
}

std::shared_ptr<Network::Door> Network::door_at(const Host& host, std::uint16_t port) const {
    const auto found = std::find_if(doors_.begin(), doors_.end(), [&](const auto& door) {
        return door->host == &host && door->port == port && door->waiting.size() < backlog_max;
    });
    return found == doors_.end() ? nullptr : *found;
}

std::shared_ptr<Connection> Network::make_connection(Host& from, Host& to) {
    auto connection = std::make_shared<Connection>();
    connection->hosts[0] = &from;
    connection->hosts[1] = &to;
    connection->incarnations[0] = from.incarnation;
    connection->incarnations[1] = to.incarnation;
    const std::uint64_t window = std::uint64_t{1} << prng_.between(12, 20);
    for (Pipe& pipe : connection->pipes) {
        pipe.window = window;
        if (prng_.one_in(faults_.cut_one_in)) {
            pipe.breaks_at = prng_.below(faults_.cut_after_bytes_max + 1);
        }
    }
    std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
    connections_.push_back(connection);
    return connection;
}

Host& Network::find(const sys::Endpoint& to) {
    for (Host* host : hosts_) {
        if (host->name == to.host) return *host;
    }
    fail(Code::unavailable, "no host is called {}", to.host);
}

}  // namespace reviver::sim
