// Throughput of a RemoteSink over loopback into a sink that keeps nothing: what the protocol itself
// costs. Bytes are those of the disk; bytes_on_wire is what left the machine for each of them.
#include "wire/client.h"
#include "wire/plain_transport.h"
#include "wire/server.h"
#include "wire/tls_transport.h"

#include <benchmark/benchmark.h>

#include <random>

namespace reviver::wire {
namespace {

class NullSink : public point::Sink {
  public:
    point::ReceiveState open(const point::ReceiveHeader& header) override {
        return {true, false, std::vector<std::uint64_t>(header.disks.size(), 0)};
    }
    std::uint64_t begin_cut(const point::CutHeader&) override { return 0; }
    void write(const point::Chunk&) override {}
    point::CompareAnswer compare(std::uint32_t, std::uint64_t, const std::vector<Hash>&) override {
        return {};
    }
    void commit(const point::CutTrailer&) override {}
};

class NullHandler : public PeerHandler {
  public:
    std::string call(const Peer&, const std::string&, const std::string& body) override {
        return body;
    }
    std::unique_ptr<point::Sink> receive(const Peer&, const point::ReceiveHeader&) override {
        return std::make_unique<NullSink>();
    }
};

class Anybody : public PeerDirectory {
  public:
    std::optional<Peer> find(const Fingerprint&) override { return Peer{}; }
};

std::unique_ptr<Transport> make_transport(bool tls, const std::string& name) {
    sys::World& world = sys::linux_world();
    if (tls) return std::make_unique<TlsTransport>(world, make_credentials(name));
    return std::make_unique<PlainTransport>(world, Fingerprint());
}

// Chunks of 1 MiB: one extent, or 256 of 4 KiB with as much between them.
point::Chunk make_chunk(bool scattered, ByteView payload) {
    point::Chunk chunk{0, {}, payload};
    const std::uint64_t length = scattered ? 4096 : point::chunk_payload_max;
    const std::uint64_t count = point::chunk_payload_max / length;
    for (std::uint64_t i = 0; i < count; ++i) chunk.extents.push_back({2 * i * length, length});
    return chunk;
}

Bytes make_payload(bool compressible) {
    std::mt19937_64 random(1);
    Bytes payload(point::chunk_payload_max);
    for (std::size_t i = 0; i < payload.size(); i += 8) {
        store_le<std::uint64_t>(&payload[i], compressible ? random() % 16 : random());
    }
    return payload;
}

void send(benchmark::State& state, bool tls, const point::Chunk& chunk, bool compressed) {
    sys::World& world = sys::linux_world();
    const Site site{SiteId(), "bench", "0"};
    const auto west = make_transport(tls, "west");
    const auto east = make_transport(tls, "east");
    Anybody directory;
    NullHandler handler;
    PeerServer server(world, *east, site, {"127.0.0.1", 0}, directory, handler);
    const sys::Endpoint at{"127.0.0.1", server.port()};
    const sys::MonoTime soon = world.clock.after(std::chrono::seconds(10));
    const Fingerprint expected = tls ? static_cast<TlsTransport&>(*east).self() : Fingerprint();
    PeerLink link(world, *west, site, at, expected, soon);
    const auto sink = link.sink();
    point::ReceiveHeader header;
    header.compressed = compressed;
    header.disks.push_back({{{VmId(), "vda"}, 1 << 30}, point::Bulk::full});
    sink->open(header);
    const std::uint64_t before = link.traffic().sent_bytes;
    for (auto _ : state) sink->write(chunk);
    sink->begin_cut({});
    std::uint64_t length = 0;
    for (const Extent& extent : chunk.extents) length += extent.length;
    const auto total = static_cast<double>(length) * static_cast<double>(state.iterations());
    state.SetBytesProcessed(static_cast<std::int64_t>(total));
    state.counters["bytes_on_wire"] =
        static_cast<double>(link.traffic().sent_bytes - before) / total;
}

void incompressible(benchmark::State& state) {
    const Bytes payload = make_payload(false);
    send(state, state.range(0) != 0, make_chunk(false, payload), state.range(1) != 0);
}
void compressible(benchmark::State& state) {
    const Bytes payload = make_payload(true);
    send(state, state.range(0) != 0, make_chunk(false, payload), true);
}
void scattered_4k(benchmark::State& state) {
    const Bytes payload = make_payload(false);
    send(state, state.range(0) != 0, make_chunk(true, payload), false);
}
void zeros(benchmark::State& state) {
    const point::Chunk chunk{0, {{0, 1 << 20, Content::zero}}, {}};
    send(state, state.range(0) != 0, chunk, true);
}

// How well a limit is kept: `of_limit` is what moved in both directions by what may.
void limited(benchmark::State& state) {
    sys::World& world = sys::linux_world();
    const auto rate = static_cast<std::uint64_t>(state.range(0)) << 10;
    const auto limit = std::make_shared<BandwidthLimit>(world.clock, rate);
    const Site site{SiteId(), "bench", "0"};
    TlsTransport west(world, make_credentials("west"), limit);
    TlsTransport east(world, make_credentials("east"));
    Anybody directory;
    NullHandler handler;
    PeerServer server(world, east, site, {"127.0.0.1", 0}, directory, handler);
    PeerLink link(world, west, site, {"127.0.0.1", server.port()}, east.self(),
                  world.clock.after(std::chrono::seconds(10)));
    const std::string body(16 << 10, 'x');
    const auto moved = [&] { return link.traffic().sent_bytes + link.traffic().received_bytes; };
    for (auto _ : state) {
        const sys::MonoTime begin = world.clock.mono();
        const std::uint64_t before = moved();
        while (moved() - before < 3 * rate) link.call("echo", body, sys::never);
        const double seconds = std::chrono::duration<double>(world.clock.mono() - begin).count();
        state.counters["of_limit"] =
            static_cast<double>(moved() - before) / seconds / static_cast<double>(rate);
    }
}

BENCHMARK(limited)
    ->ArgName("kib_per_s")
    ->Arg(256)
    ->Arg(1024)
    ->Arg(8192)
    ->Iterations(1)
    ->UseRealTime();
BENCHMARK(incompressible)->ArgNames({"tls", "zstd"})->ArgsProduct({{0, 1}, {0, 1}})->UseRealTime();
BENCHMARK(compressible)->ArgName("tls")->Arg(0)->Arg(1)->UseRealTime();
BENCHMARK(scattered_4k)->ArgName("tls")->Arg(0)->Arg(1)->UseRealTime();
BENCHMARK(zeros)->ArgName("tls")->Arg(0)->Arg(1)->UseRealTime();

}  // namespace
}  // namespace reviver::wire

BENCHMARK_MAIN();
