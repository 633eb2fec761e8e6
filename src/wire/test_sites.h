// For tests: a serving site that keeps what it is sent, and the way to it over each transport and
// network.
#pragma once

#include "base/error.h"
#include "sys/world.h"
#include "wire/client.h"
#include "wire/memory_network.h"
#include "wire/plain_transport.h"
#include "wire/server.h"
#include "wire/tls_transport.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

namespace reviver::wire {

inline sys::MonoTime soon() {
    return sys::linux_world().clock.after(std::chrono::seconds(20));
}

// Waits for a fact; false when it does not come true in time.
inline bool comes_true(const std::function<bool()>& fact) {
    const sys::MonoTime until = soon();
    const auto pause = sys::linux_world().tasks.make_signal();
    while (!fact()) {
        if (sys::linux_world().clock.mono() > until) return false;
        pause->wait_until(sys::linux_world().clock.after(std::chrono::milliseconds(1)));
    }
    return true;
}

// The code of the Error that `work` throws; nothing when it throws none.
inline std::optional<Error> error_of(const std::function<void()>& work) {
    try {
        work();
    } catch (const Error& e) {
        return e;
    }
    return std::nullopt;
}

#define EXPECT_FAILS(expected_code, part_of_text, ...)                                \
    do {                                                                              \
        const auto thrown = ::reviver::wire::error_of([&] { __VA_ARGS__; });          \
        ASSERT_TRUE(thrown.has_value()) << "no error";                                \
        EXPECT_EQ(name_of(thrown->code()), name_of(expected_code)) << thrown->what(); \
        EXPECT_THAT(thrown->what(), ::testing::HasSubstr(part_of_text));              \
    } while (false)

inline Bytes random_bytes(std::size_t size, std::uint64_t seed = 1) {
    Bytes bytes(align_up(size, 8));
    for (std::size_t at = 0; at < bytes.size(); at += 8) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        store_le<std::uint64_t>(&bytes[at], seed ^ seed >> 29);
    }
    bytes.resize(size);
    return bytes;
}

inline Uuid uuid_numbered(std::uint8_t number) {
    std::array<std::uint8_t, 16> bytes{};
    bytes[15] = number;
    return Uuid(bytes);
}

inline point::ReceiveHeader header_of_disks(std::vector<std::uint64_t> sizes,
                                            bool compressed = false) {
    point::ReceiveHeader header;
    header.id = ReceiveId(uuid_numbered(1));
    header.collection = CollectionId(uuid_numbered(2));
    header.epoch = {3};
    header.sequence = {5};
    header.parent = {4};
    header.compressed = compressed;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        const VmId vm(uuid_numbered(static_cast<std::uint8_t>(10 + i)));
        header.disks.push_back({{{vm, "vda"}, sizes[i]}, point::Bulk::full});
    }
    return header;
}

// What a site has received: the disks in memory, and what was done in which order. Its mutex guards
// everything.
struct Received {
    std::mutex mutex;
    point::ReceiveHeader header;
    point::CutHeader cut;
    point::CutTrailer trailer;
    std::vector<Bytes> disks;
    std::vector<std::string> steps;
    std::uint64_t chunks = 0;
    std::map<std::string, Error> trouble;  // thrown instead of doing the step
    std::function<void()> before_write{};  // called with no lock held
    std::size_t sinks = 0;                 // that exist

    std::size_t count(const std::string& step) {
        const std::lock_guard lock(mutex);
        return static_cast<std::size_t>(std::ranges::count(steps, step));
    }
    void set_trouble(const std::string& step, std::optional<Error> error) {
        const std::lock_guard lock(mutex);
        trouble.erase(step);
        if (error) trouble.emplace(step, *error);
    }
};

class MemorySink : public point::Sink {
  public:
    explicit MemorySink(Received& received) : received_(received) {
        const std::lock_guard lock(received_.mutex);
        ++received_.sinks;
    }
    ~MemorySink() override {
        const std::lock_guard lock(received_.mutex);
        --received_.sinks;
    }

    point::ReceiveState open(const point::ReceiveHeader& header) override {
        const std::lock_guard lock(received_.mutex);
        step("open");
        const bool fresh = received_.header.id != header.id;
        received_.header = header;
        received_.disks.resize(header.disks.size());
        for (std::size_t i = 0; i < header.disks.size(); ++i) {
            received_.disks[i].resize(header.disks[i].shape.size_bytes);
        }
        return {fresh, false, std::vector<std::uint64_t>(header.disks.size(), 0)};
    }

    std::uint64_t begin_cut(const point::CutHeader& cut) override {
        const std::lock_guard lock(received_.mutex);
        step("begin_cut");
        if (received_.cut.id != cut.id) received_.chunks = 0;
        received_.cut = cut;
        return received_.chunks;
    }

    void write(const point::Chunk& chunk) override {
        std::function<void()> before;
        {
            const std::lock_guard lock(received_.mutex);
            before = received_.before_write;
        }
        if (before) before();
        const std::lock_guard lock(received_.mutex);
        step("write");
        ++received_.chunks;
        ByteView payload = chunk.payload;
        for (const Extent& extent : chunk.extents) {
            ByteSpan to =
                ByteSpan(received_.disks[chunk.disk]).subspan(extent.offset, extent.length);
            std::ranges::fill(to, std::byte{0});
            if (extent.content == Content::zero) continue;
            std::ranges::copy(payload.first(extent.length), to.begin());
            payload = payload.subspan(extent.length);
        }
    }

    point::CompareAnswer compare(std::uint32_t disk, std::uint64_t first_group,
                                 const std::vector<Hash>& groups) override;

    void commit(const point::CutTrailer& trailer) override {
        const std::lock_guard lock(received_.mutex);
        step("commit");
        received_.trailer = trailer;
    }

  private:
    void step(const std::string& name) {
        const auto found = received_.trouble.find(name);
        if (found != received_.trouble.end()) throw found->second;
        received_.steps.push_back(name);
    }

    Received& received_;
};

// The straightforward way, to be compared with the one under test.
inline point::CompareAnswer MemorySink::compare(std::uint32_t disk, std::uint64_t first_group,
                                                const std::vector<Hash>& groups) {
    const std::lock_guard lock(received_.mutex);
    step("compare");
    point::CompareAnswer answer;
    const ByteView bytes = received_.disks[disk];
    for (std::size_t i = 0; i < groups.size(); ++i) {
        std::vector<Hash> blocks;
        Bytes joined;
        for (std::uint64_t b = 0; b < point::compare_group_blocks; ++b) {
            const std::uint64_t at =
                ((first_group + i) * point::compare_group_blocks + b) * point::compare_block;
            if (at >= bytes.size()) break;
            const std::size_t size = std::min<std::size_t>(point::compare_block, bytes.size() - at);
            blocks.push_back(sha256(bytes.subspan(at, size)));
            joined.insert(joined.end(), blocks.back().begin(), blocks.back().end());
        }
        if (sha256(joined) != groups[i]) answer.differing.push_back({first_group + i, blocks});
    }
    return answer;
}

class TestHandler : public PeerHandler {
  public:
    // "echo" answers the body, "fail" an Error, "block" waits for release(), others the name of the
    // peer.
    std::string call(const Peer& peer, const std::string& method,
                     const std::string& body) override {
        if (method == "echo") return body;
        if (method == "fail") fail(Code::stale_epoch, "epoch 3 is over: {}", body);
        if (method == "crash") throw std::logic_error("a fault of the handler");
        if (method == "block") return block();
        return peer.name + " " + peer.id.text();
    }
    std::unique_ptr<point::Sink> receive(const Peer&, const point::ReceiveHeader& header) override {
        if (header.epoch < Epoch{3})
            fail(Code::stale_epoch, "epoch {} is over", header.epoch.value);
        return std::make_unique<MemorySink>(received);
    }
    void release() {
        const std::lock_guard lock(mutex_);
        released_ = true;
        changed_.notify_all();
    }
    bool is_blocked() {
        const std::lock_guard lock(mutex_);
        return blocked_;
    }

    Received received;

  private:
    std::string block() {
        std::unique_lock lock(mutex_);
        blocked_ = true;
        changed_.wait_for(lock, std::chrono::seconds(20), [&] { return released_; });
        blocked_ = false;
        return "released";
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    bool released_ = false;
    bool blocked_ = false;
};

class TestDirectory : public PeerDirectory {
  public:
    std::optional<Peer> find(const Fingerprint& fingerprint) override {
        const std::lock_guard lock(mutex);
        const auto found = peers.find(fingerprint);
        if (found == peers.end()) return std::nullopt;
        return found->second;
    }
    std::mutex mutex;
    std::map<Fingerprint, Peer> peers;
};

enum class Way { plain_memory, plain_loopback, tls_memory, tls_loopback };

inline const Credentials& credentials_of(const std::string& name) {
    static std::mutex mutex;
    static std::map<std::string, Credentials> made;
    const std::lock_guard lock(mutex);
    const auto found = made.find(name);
    return found != made.end() ? found->second
                               : made.emplace(name, make_credentials(name)).first->second;
}

// Site "west" asks, site "east" serves. Each part can be used by itself.
class TestSites {
  public:
    explicit TestSites(Way way, const ServerOptions& options = {},
                       std::shared_ptr<BandwidthLimit> west_limit = nullptr)
        : way_(way) {
        west_transport = transport_of("west", std::move(west_limit));
        east_transport = transport_of("east");
        directory.peers[fingerprint_of_site("west")] = {west.id, "west-as-paired", {}, {}};
        start(options);
    }

    bool is_tls() const { return way_ == Way::tls_memory || way_ == Way::tls_loopback; }

    void start(const ServerOptions& options) {
        server = std::make_unique<PeerServer>(world, *east_transport, east,
                                              sys::Endpoint{"127.0.0.1", 0}, directory, handler,
                                              options);
    }

    sys::Endpoint at() const { return {"127.0.0.1", server->port()}; }

    std::unique_ptr<PeerLink> connect(const LinkOptions& options = {}) {
        return std::make_unique<PeerLink>(world, *west_transport, west, at(),
                                          fingerprint_of_site("east"), soon(), options);
    }

    Fingerprint fingerprint_of_site(const std::string& name) const {
        return is_tls() ? fingerprint_of(credentials_of(name).certificate)
                        : Fingerprint(sha256(bytes_of(name)));
    }

    std::unique_ptr<Transport> transport_of(const std::string& name,
                                            std::shared_ptr<BandwidthLimit> limit = nullptr) {
        if (is_tls()) {
            return std::make_unique<TlsTransport>(world, credentials_of(name), std::move(limit));
        }
        return std::make_unique<PlainTransport>(world, fingerprint_of_site(name), std::move(limit));
    }

  private:
    sys::Network& network() {
        const bool memory = way_ == Way::plain_memory || way_ == Way::tls_memory;
        return memory ? memory_network : sys::linux_world().network;
    }

    const Way way_;

  public:
    MemoryNetwork memory_network;
    sys::World world{sys::linux_world().clock, sys::linux_world().random, sys::linux_world().tasks,
                     sys::linux_world().files, network()};
    const Site west{SiteId(uuid_numbered(201)), "west", "0.1.0"};
    const Site east{SiteId(uuid_numbered(202)), "east", "0.1.0"};
    std::unique_ptr<Transport> west_transport;
    std::unique_ptr<Transport> east_transport;
    TestDirectory directory;
    TestHandler handler;
    std::unique_ptr<PeerServer> server;
};

// Everything that a test says of a link must hold over every way.
class EveryWay : public testing::TestWithParam<Way> {};

inline std::string name_of_way(const testing::TestParamInfo<Way>& info) {
    switch (info.param) {
        case Way::plain_memory:
            return "plain_memory";
        case Way::plain_loopback:
            return "plain_loopback";
        case Way::tls_memory:
            return "tls_memory";
        default:
            return "tls_loopback";
    }
}

}  // namespace reviver::wire
