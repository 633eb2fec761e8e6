// The network between the sites: connections that deliver in order and late, break at any byte, or
// fall silent.
//
// A connection has two pipes. What is written into one arrives after a delay that is drawn; it is
// read in pieces that are drawn; so much may be on the way at once as the pipe's window says, then
// the writer waits. While two sites are partitioned nothing arrives, not even the news that the
// other end has closed.
#pragma once

#include "sim/gate.h"
#include "sim/scheduler.h"
#include "sys/network.h"

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace reviver::sim {

// Chances are "one in so many", 0 is never.
struct NetworkFaults {
    sys::Duration delay_min{100};
    sys::Duration delay_max{5'000};
    std::uint64_t refuse_one_in = 0;        // connection attempts
    std::uint64_t cut_one_in = 0;           // connections that break at some byte
    std::uint64_t cut_after_bytes_max = 0;  // where, in either direction
};

class Network;

// One end's knowledge of a machine, shared by all its connections: where deadlines are measured and
// whether it still runs.
struct Host {
    std::string name;
    Gate* gate = nullptr;
    sys::Duration clock_offset{0};  // its monotonic time less the simulation's
    std::uint64_t incarnation = 0;  // counts its starts
    bool up = true;

    sys::MonoTime simulated(sys::MonoTime local) const {
        return local == sys::never ? sys::never : local - clock_offset;
    }
};

// One direction of a connection.
struct Pipe {
    struct Segment {
        sys::MonoTime arrives;
        Bytes bytes;
        std::size_t taken = 0;
    };
    std::deque<Segment> segments;
    std::uint64_t unread = 0;              // bytes written and not read
    std::uint64_t window = 0;              // limit of that
    std::uint64_t written = 0;             // bytes, ever
    std::uint64_t breaks_at = UINT64_MAX;  // the byte that is not delivered, nor anything after it
    sys::MonoTime last_arrival{};          // later segments arrive later
    sys::MonoTime end_arrives = sys::never;  // the reader then knows that the writer has finished
    sys::MonoTime reset_arrives =
        sys::never;  // reader and writer of this pipe then know that it is broken
    WaitQueue readers;
    WaitQueue writers;
};

struct Connection {
    Host* hosts[2];  // 0: who connected, 1: who accepted
    std::uint64_t incarnations[2];
    Pipe pipes[2];  // [i]: written by end i
    bool closed[2] = {false, false};
    bool vanished[2] = {false, false};  // its machine lost power: it will never say so
};

class Network {
  public:
    Network(Scheduler& scheduler, Prng prng) : scheduler_(scheduler), prng_(prng) {}

    void set_faults(const NetworkFaults& faults) { faults_ = faults; }
    void partition(const std::string& a, const std::string& b);
    void heal();
    // Breaks every connection of these hosts, now.
    void cut_all();

    // For the sites.
    void add(Host& host) { hosts_.push_back(&host); }
    void host_died(Host& host, bool silently);
    void host_started(Host& host);

    // For the streams and listeners of network.cc.
    std::unique_ptr<sys::Stream> connect(Host& from, const sys::Endpoint& to,
                                         sys::MonoTime deadline);
    std::unique_ptr<sys::Listener> listen(Host& at, std::uint16_t port);

  private:
    friend class SimStream;
    friend class SimListener;
    struct Door {
        Host* host;
        std::uint16_t port;
        std::deque<std::shared_ptr<Connection>> waiting;
        WaitQueue acceptors;
        bool closed = false;
    };

    sys::MonoTime arrival();
    bool partitioned(const Host& a, const Host& b) const;
    bool arrived(const Connection& connection, sys::MonoTime time) const;
    void send(Connection& connection, int end, ByteView bytes);
    void end(Connection& connection, int end);
    void reset(Connection& connection, sys::MonoTime arrives);
    void wake(Connection& connection);
    void travel(sys::MonoTime deadline, const Host& from, const Host& to);
    std::shared_ptr<Door> door_at(const Host& host, std::uint16_t port) const;
    std::shared_ptr<Connection> make_connection(Host& from, Host& to);
    Host& find(const sys::Endpoint& to);

    Scheduler& scheduler_;
    Prng prng_;
    NetworkFaults faults_;
    std::vector<Host*> hosts_;
    std::vector<std::weak_ptr<Connection>> connections_;
    std::vector<std::shared_ptr<Door>> doors_;
    std::vector<std::pair<std::string, std::string>> partitions_;
    WaitQueue travellers_;
    std::uint16_t next_port_ = 40000;
};

}  // namespace reviver::sim
