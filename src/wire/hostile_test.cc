// Peers that are broken, hostile, strange or gone: each is refused in a clear way, and nothing that
// they sent is applied.
#include "wire/connection.h"
#include "wire/greeting.h"
#include "wire/messages.h"
#include "wire/test_sites.h"

#include <gmock/gmock.h>

#include <random>
#include <thread>

namespace reviver::wire {
namespace {

Patience impatient() {
    Patience patience;
    patience.handshake_max = std::chrono::milliseconds(300);
    patience.silence_max = std::chrono::milliseconds(300);
    patience.alive_interval = std::chrono::milliseconds(50);
    patience.linger_max = std::chrono::milliseconds(200);
    return patience;
}

constexpr FrameSet any_answer = {FrameType::hello,   FrameType::refusal,   FrameType::answer,
                                 FrameType::failure, FrameType::opened,    FrameType::written,
                                 FrameType::alive,   FrameType::cut_begun, FrameType::committed};

// A peer that says frame by frame what a test wants.
class Puppet {
  public:
    Puppet(TestSites& sites, const std::string& name = "west")
        : sites_(sites),
          connection_(sites.world,
                      sites.transport_of(name)->connect(sites.at(),
                                                        sites.fingerprint_of_site("east"), soon()),
                      Patience{}, soon()) {}

    void greet() { wire::greet(connection_, sites_.west, window_bytes_default); }
    void send(FrameType type, const std::string& message = {}, ByteView payload = {},
              std::uint16_t flags = 0, std::uint64_t payload_checksum = 0) {
        connection_.send({.type = type,
                          .flags = flags,
                          .number = ++number_,
                          .payload_checksum = payload_checksum},
                         bytes_of(message), payload);
    }
    void open(const point::ReceiveHeader& header) {
        send(FrameType::open, encode(header));
        expect(FrameType::opened);
    }
    void send_chunk(const point::Chunk& chunk) {
        send(FrameType::chunk, encode(chunk, 0), chunk.payload, 0, point::checksum_of(chunk));
    }
    Frame expect(FrameType type) {
        Frame frame;
        EXPECT_TRUE(connection_.receive(frame, any_answer));
        EXPECT_EQ(int(frame.header.type), int(type));
        return frame;
    }
    Error expect_error(FrameType type) { return decode_failure(expect(type).message.view()); }
    // The connection ends with a refusal.
    Error expect_refusal() {
        const Error refusal = expect_error(FrameType::refusal);
        connection_.close();
        return refusal;
    }

  private:
    TestSites& sites_;
    Connection connection_;
    std::uint64_t number_ = 0;
};

#define EXPECT_REFUSED(expected_code, part_of_text, refusal)          \
    do {                                                              \
        const Error said = refusal;                                   \
        EXPECT_EQ(name_of(said.code()), name_of(expected_code));      \
        EXPECT_THAT(said.what(), ::testing::HasSubstr(part_of_text)); \
    } while (false)

class Hostile : public EveryWay {
  protected:
    Hostile() : sites(GetParam(), options()) {}
    static ServerOptions options() {
        ServerOptions made;
        made.patience.linger_max = std::chrono::milliseconds(500);
        return made;
    }
    // Raw bytes behind the transport's own handshake.
    std::unique_ptr<Channel> raw_channel() {
        auto channel =
            sites.west_transport->connect(sites.at(), sites.fingerprint_of_site("east"), soon());
        channel->limit_waits(soon(), sys::Duration::max());
        return channel;
    }
    void expect_nothing_happened() {
        EXPECT_TRUE(sites.handler.received.steps.empty());
        EXPECT_EQ(sites.connect()->call("echo", "still serving", soon()), "still serving");
    }
    TestSites sites;
};

INSTANTIATE_TEST_SUITE_P(Wire, Hostile,
                         testing::Values(Way::plain_memory, Way::plain_loopback, Way::tls_memory,
                                         Way::tls_loopback),
                         name_of_way);

TEST_P(Hostile, an_unknown_peer_is_told_so_and_reaches_nothing) {
    sites.directory.peers.clear();
    EXPECT_FAILS(Code::access_denied,
                 "site east does not know the certificate " +
                     sites.fingerprint_of_site("west").text() + ": pair the two sites",
                 sites.connect());
    Puppet puppet(sites);
    EXPECT_REFUSED(Code::access_denied, "pair the two sites", puppet.expect_refusal());
}

TEST_P(Hostile, a_server_that_is_not_the_expected_one_is_left_alone) {
    EXPECT_FAILS(Code::access_denied, sites.fingerprint_of_site("east").text(),
                 PeerLink(sites.world, *sites.west_transport, sites.west, sites.at(),
                          sites.fingerprint_of_site("other"), soon()));
}

TEST_P(Hostile, a_certificate_of_another_site_id_is_refused) {
    sites.directory.peers[sites.fingerprint_of_site("west")].id = SiteId(uuid_numbered(99));
    EXPECT_FAILS(Code::access_denied, "used by another site", sites.connect());
    sites.directory.peers[sites.fingerprint_of_site("west")].id = SiteId();
    EXPECT_EQ(sites.connect()->call("echo", "x", soon()), "x");
}

TEST_P(Hostile, another_protocol_version_is_refused_by_both) {
    Puppet puppet(sites);
    puppet.send(FrameType::hello, encode(Hello{7, 9, sites.west, window_bytes_default}));
    const Frame hello = puppet.expect(FrameType::hello);
    EXPECT_EQ(decode_hello(hello.message.view()).version_max, protocol_max);
    EXPECT_REFUSED(Code::not_supported, "speaks protocol versions 1 to 1, the peer 7 to 9",
                   puppet.expect_refusal());
    expect_nothing_happened();
}

TEST_P(Hostile, garbage_is_refused) {
    for (const std::size_t size : {1, 47, 48, 5000}) {
        const auto channel = raw_channel();
        const Bytes garbage = random_bytes(size, size);
        const ByteView parts[] = {garbage};
        channel->write_all(parts);
        if (size < frame_header_bytes) channel->close();
    }
    expect_nothing_happened();
}

TEST_P(Hostile, a_frame_cut_short_changes_nothing) {
    const auto channel = raw_channel();
    const std::string hello = encode(Hello{1, 1, sites.west, window_bytes_default});
    FrameHeader header{.type = FrameType::hello};
    header.message_bytes = static_cast<std::uint32_t>(hello.size());
    header.message_checksum = xxh3(bytes_of(hello));
    const FrameHeaderBytes bytes = encode(header);
    const ByteView parts[] = {bytes, bytes_of(hello).first(5)};
    channel->write_all(parts);
    channel->close();
    expect_nothing_happened();
}

TEST_P(Hostile, nothing_goes_before_the_hello) {
    Puppet puppet(sites);
    puppet.send(FrameType::open, encode(header_of_disks({4096})));
    EXPECT_REFUSED(Code::protocol, "not expected here", puppet.expect_refusal());
    expect_nothing_happened();
}

TEST_P(Hostile, wrong_order_is_refused) {
    const auto refused = [&](const char* text, const std::function<void(Puppet&)>& talk) {
        Puppet puppet(sites);
        puppet.greet();
        talk(puppet);
        EXPECT_REFUSED(Code::protocol, text, puppet.expect_refusal());
    };
    refused("before a receive is open", [](Puppet& p) {
        p.send_chunk({0, {{0, 9, Content::zero}}, {}});
    });
    refused("before a receive is open",
            [](Puppet& p) { p.send(FrameType::begin_cut, encode(point::CutHeader{}).message); });
    refused("before a receive is open", [](Puppet& p) {
        p.send(FrameType::compare, encode(CompareQuestion{0, 0, {Hash{}}}));
    });
    refused("before a receive is open",
            [](Puppet& p) { p.send(FrameType::commit, encode(point::CutTrailer{})); });
    refused("not expected here", [](Puppet& p) { p.send(FrameType::opened); });
    refused("not expected here", [](Puppet& p) { p.send(FrameType::hello); });
    refused("cannot be read", [](Puppet& p) { p.send(FrameType::open, "\xff\xff"); });
    expect_nothing_happened();
    refused("before a cut has begun", [](Puppet& p) {
        p.open(header_of_disks({4096}));
        p.send(FrameType::commit, encode(point::CutTrailer{}));
    });
    EXPECT_EQ(sites.handler.received.count("commit"), 0u);
}

TEST_P(Hostile, a_wrong_checksum_is_never_applied) {
    Puppet puppet(sites);
    puppet.greet();
    puppet.open(header_of_disks({8192}));
    const Bytes data = random_bytes(4096);
    const point::Chunk chunk{0, {{0, 4096}}, data};
    puppet.send(FrameType::chunk, encode(chunk, 0), data, 0, point::checksum_of(chunk) + 1);
    EXPECT_REFUSED(Code::corrupt, "wrong checksum", puppet.expect_error(FrameType::failure));
    puppet.send(FrameType::chunk, encode(chunk, 4096), data, flag_compressed,
                point::checksum_of(chunk));
    puppet.send(FrameType::begin_cut, encode(point::CutHeader{}).message);
    EXPECT_REFUSED(Code::corrupt, "wrong checksum", puppet.expect_error(FrameType::failure));
    puppet.open(header_of_disks({8192}));
    puppet.send(FrameType::chunk, encode(chunk, 4096), data, flag_compressed,
                point::checksum_of(chunk));
    EXPECT_REFUSED(Code::corrupt, "decompress", puppet.expect_error(FrameType::failure));
    EXPECT_EQ(sites.handler.received.count("write"), 0u);
}

TEST_P(Hostile, a_chunk_that_is_not_of_the_disk_is_never_applied) {
    const Bytes data = random_bytes(4096);
    const std::vector<point::Chunk> chunks = {
        {0, {{8192, 4096}}, data},                     // behind the end
        {0, {{4096, 8192, Content::zero}}, {}},        // over the end
        {1, {{0, 4096}}, data},                        // no such disk
        {0, {{0, 4096}}, ByteView(data).first(4095)},  // too little
        {0, {{0, 2048}}, data},                        // too much
        {0, {}, {}},                                   // nothing
        {0, {{0, 0, Content::zero}}, {}},              // an empty extent
    };
    for (const point::Chunk& chunk : chunks) {
        Puppet puppet(sites);
        puppet.greet();
        puppet.open(header_of_disks({8192}));
        puppet.send_chunk(chunk);
        EXPECT_EQ(puppet.expect_error(FrameType::failure).code(), Code::corrupt);
    }
    EXPECT_EQ(sites.handler.received.count("write"), 0u);
}

TEST_P(Hostile, a_flipped_bit_in_a_message_ends_the_connection) {
    const auto channel = raw_channel();
    Bytes stream;
    const auto add = [&](FrameType type, const std::string& message, bool flip) {
        FrameHeader header{.type = type};
        header.message_bytes = static_cast<std::uint32_t>(message.size());
        header.message_checksum = xxh3(bytes_of(message)) + (flip ? 1 : 0);
        header.payload_checksum = xxh3({});
        const FrameHeaderBytes bytes = encode(header);
        stream.insert(stream.end(), bytes.begin(), bytes.end());
        const ByteView view = bytes_of(message);
        stream.insert(stream.end(), view.begin(), view.end());
    };
    add(FrameType::hello, encode(Hello{1, 1, sites.west, window_bytes_default}), false);
    add(FrameType::open, encode(header_of_disks({4096})), true);
    const ByteView parts[] = {stream};
    channel->write_all(parts);
    Bytes answer(4096);
    std::size_t got = 0;
    while (const std::size_t more = channel->read_some(ByteSpan(answer).subspan(got))) got += more;
    EXPECT_THAT(std::string(text_of(answer)), testing::HasSubstr("wrong checksum"));
    expect_nothing_happened();
}

TEST_P(Hostile, more_than_the_window_is_refused) {
    std::mutex gate;
    sites.handler.received.before_write = [&] { const std::lock_guard lock(gate); };
    Puppet puppet(sites);
    puppet.greet();
    puppet.open(header_of_disks({1 << 20}));
    const Bytes data = random_bytes(1 << 20);
    {
        const std::lock_guard closed(gate);
        for (int i = 0; i < 10; ++i) puppet.send_chunk({0, {{0, 1 << 20}}, data});
        EXPECT_REFUSED(Code::protocol, "more than was acknowledged", puppet.expect_refusal());
    }
    // What was being written ends; what waited is dropped.
    sites.server->close();
    EXPECT_LE(sites.handler.received.count("write"), 1u);
}

// Every frame of a whole receive, as bytes.
class Recording {
  public:
    void add(FrameType type, const std::string& message, ByteView payload = {},
             std::uint64_t payload_checksum = 0) {
        FrameHeader header{.type = type, .number = type == FrameType::hello ? 0 : ++number_};
        header.message_bytes = static_cast<std::uint32_t>(message.size());
        header.payload_bytes = static_cast<std::uint32_t>(payload.size());
        header.message_checksum = xxh3(bytes_of(message));
        header.payload_checksum = type == FrameType::chunk ? payload_checksum : xxh3(payload);
        append(encode(header));
        append(bytes_of(message));
        append(payload);
    }
    void add(const point::Chunk& chunk) {
        add(FrameType::chunk, encode(chunk, 0), chunk.payload, point::checksum_of(chunk));
    }
    Bytes bytes;

  private:
    void append(ByteView more) { bytes.insert(bytes.end(), more.begin(), more.end()); }
    std::uint64_t number_ = 0;
};

// Says `bytes` to the server, and true when it answers with a commit.
bool is_committed(TestSites& sites, ByteView bytes) {
    auto channel =
        sites.west_transport->connect(sites.at(), sites.fingerprint_of_site("east"), soon());
    const ByteView parts[] = {bytes};
    channel->write_all(parts);
    Connection connection(sites.world, std::move(channel), Patience{}, soon());
    for (Frame frame; connection.receive(frame, any_answer);) {
        if (frame.header.type == FrameType::committed) return true;
        if (frame.header.type == FrameType::refusal) return false;
        if (frame.header.type == FrameType::failure) return false;
    }
    return false;
}

// Whatever happens to a byte on its way: what is applied is what was sent, and a commit has
// everything before it.
TEST(Damage, is_never_applied) {
    TestSites sites(Way::plain_memory);
    Received& received = sites.handler.received;
    const Bytes data = random_bytes(8192);
    Recording recording;
    recording.add(FrameType::hello, encode(Hello{1, 1, sites.west, window_bytes_default}));
    recording.add(FrameType::open, encode(header_of_disks({8192})));
    recording.add(point::Chunk{0, {{0, 4096}}, ByteView(data).first(4096)});
    recording.add(FrameType::begin_cut, encode(point::CutHeader{}).message);
    recording.add(point::Chunk{0, {{4096, 4096}}, ByteView(data).subspan(4096)});
    recording.add(FrameType::commit, encode(point::CutTrailer{}));
    EXPECT_TRUE(is_committed(sites, recording.bytes));
    EXPECT_EQ(received.disks.at(0), data);
    std::mt19937_64 random(3);
    const std::size_t step = 37;
    for (std::size_t at = random() % step; at < recording.bytes.size(); at += 1 + random() % step) {
        // What an earlier connection left behind is still being written until its sink is gone.
        const auto quiet = [&] {
            const std::lock_guard lock(received.mutex);
            if (received.sinks == 0) received.disks.clear();
            return received.sinks == 0;
        };
        EXPECT_TRUE(comes_true(quiet));
        Bytes damaged = recording.bytes;
        damaged[at] ^= std::byte(1 << random() % 8);
        EXPECT_FALSE(is_committed(sites, damaged)) << at;
        const std::lock_guard lock(received.mutex);
        const ByteView disk = received.disks.empty() ? ByteView() : ByteView(received.disks[0]);
        for (const ByteView part : {disk.first(disk.size() / 2), disk.subspan(disk.size() / 2)}) {
            const std::size_t begin = static_cast<std::size_t>(part.data() - disk.data());
            const ByteView sent = ByteView(data).subspan(begin, part.size());
            EXPECT_TRUE(all_zero(part) || std::ranges::equal(part, sent)) << at;
        }
    }
}

// Timing does not depend on the transport, and takes its time: one way is enough.
class Slow : public testing::Test {
  protected:
    static ServerOptions options() {
        ServerOptions made;
        made.patience = impatient();
        return made;
    }
    TestSites sites{Way::plain_memory, options()};
};

TEST_F(Slow, a_peer_that_never_greets_is_dropped) {
    const auto stream = sites.memory_network.connect(sites.at(), soon());
    stream->set_deadline(soon());
    Bytes bytes(100);
    // The preamble of the transport, and then the end.
    std::size_t got = 0;
    while (const std::size_t more = stream->read_some(bytes)) got += more;
    EXPECT_EQ(got, 40u);
}

TEST_F(Slow, a_peer_that_falls_silent_is_dropped) {
    Puppet puppet(sites);
    puppet.greet();
    EXPECT_REFUSED(Code::timeout, "in time", puppet.expect_refusal());
}

TEST_F(Slow, a_peer_that_drips_a_frame_is_dropped) {
    const auto channel =
        sites.west_transport->connect(sites.at(), sites.fingerprint_of_site("east"), soon());
    channel->limit_waits(soon(), sys::Duration::max());
    const std::string hello = encode(Hello{1, 1, sites.west, window_bytes_default});
    FrameHeader header{.type = FrameType::hello};
    header.message_bytes = static_cast<std::uint32_t>(hello.size());
    header.message_checksum = xxh3(bytes_of(hello));
    header.payload_checksum = xxh3({});
    FrameHeaderBytes bytes = encode(header);
    const ByteView greeting[] = {bytes, bytes_of(hello)};
    channel->write_all(greeting);
    bytes = encode(FrameHeader{.type = FrameType::call});
    const auto began = sites.world.clock.mono();
    // Each byte is in time by itself; all of them are not.
    const auto dripped = error_of([&] {
        for (const std::byte& byte : bytes) {
            const ByteView one[] = {{&byte, 1}};
            channel->write_all(one);
            sites.world.clock.sleep_until(sites.world.clock.after(std::chrono::milliseconds(50)));
        }
    });
    EXPECT_TRUE(dripped.has_value());
    EXPECT_LT(sites.world.clock.mono() - began, std::chrono::seconds(2));
}

TEST_F(Slow, a_handler_may_take_longer_than_silence_lasts) {
    LinkOptions options;
    options.patience = impatient();
    const auto link = sites.connect(options);
    std::string answer;
    std::thread caller([&] { answer = link->call("block", "", soon()); });
    const auto until = sites.world.clock.after(std::chrono::milliseconds(800));
    EXPECT_TRUE(comes_true([&] { return sites.world.clock.mono() > until; }));
    sites.handler.release();
    caller.join();
    EXPECT_EQ(answer, "released");
}

TEST_F(Slow, an_idle_link_stays) {
    LinkOptions options;
    options.patience = impatient();
    const auto link = sites.connect(options);
    const auto until = sites.world.clock.after(std::chrono::milliseconds(800));
    EXPECT_TRUE(comes_true([&] { return sites.world.clock.mono() > until; }));
    EXPECT_EQ(link->call("echo", "x", soon()), "x");
}

// The machine behind the link is gone: it greeted, and then nothing comes any more, not even an
// end.
TEST(HalfOpen, is_found_by_silence) {
    MemoryNetwork network;
    sys::World& real = sys::linux_world();
    sys::World world{real.clock, real.random, real.tasks, real.files, network};
    PlainTransport transport(world, Fingerprint());
    const auto listener = network.listen({"", 0});
    const Site site{SiteId(), "gone", ""};
    std::unique_ptr<Connection> gone;
    std::thread server([&] {
        gone = std::make_unique<Connection>(world, transport.accept(listener->accept(), soon()),
                                            Patience{}, soon());
        greet(*gone, site, window_bytes_default);
    });
    LinkOptions options;
    options.patience = impatient();
    PeerLink link(world, transport, site, {"", listener->port()}, Fingerprint(), soon(), options);
    server.join();
    const auto began = world.clock.mono();
    EXPECT_FAILS(Code::timeout, "gone: ", link.call("echo", "", soon()));
    EXPECT_LT(world.clock.mono() - began, std::chrono::seconds(5));
    const auto sink = link.sink();
    EXPECT_FAILS(Code::timeout, "", sink->open(header_of_disks({4096})));
}

TEST(Limits, connections_are_counted) {
    ServerOptions options;
    options.connections_per_peer = 2;
    TestSites sites(Way::plain_memory, options);
    auto one = sites.connect();
    const auto two = sites.connect();
    EXPECT_FAILS(Code::in_use, "2 connections, 2 of them from this peer", sites.connect());
    one.reset();
    EXPECT_TRUE(comes_true([&] { return !error_of([&] { sites.connect(); }); }));
}

TEST(Limits, strangers_take_only_their_places) {
    ServerOptions options;
    options.greeting = 3;
    TestSites sites(Way::plain_memory, options);
    const auto link = sites.connect();
    std::vector<std::unique_ptr<sys::Stream>> strangers;
    for (int i = 0; i < 5; ++i)
        strangers.push_back(sites.memory_network.connect(sites.at(), soon()));
    EXPECT_FAILS(Code::unavailable, "", sites.connect());
    EXPECT_EQ(link->call("echo", "known", soon()), "known");
    strangers.clear();
    EXPECT_TRUE(comes_true([&] { return !error_of([&] { sites.connect(); }); }));
}

TEST(Limits, closing_the_server_ends_every_stage) {
    TestSites sites(Way::plain_memory);
    const auto greeting = sites.memory_network.connect(sites.at(), soon());
    const auto link = sites.connect();
    const auto busy = sites.connect();
    std::thread caller([&] { error_of([&] { busy->call("block", "", soon()); }); });
    EXPECT_TRUE(comes_true([&] { return sites.handler.is_blocked(); }));
    sites.handler.release();
    sites.server->close();
    sites.server->close();
    caller.join();
    EXPECT_FAILS(Code::unavailable, "", link->call("echo", "", soon()));
}

}  // namespace
}  // namespace reviver::wire
