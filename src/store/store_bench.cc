// How fast points come in and are merged. Run it where the data directory would be: TMPDIR names
// the place.
#include "store/feeder_test_support.h"
#include "store/stack.h"
#include "store/store.h"

#include <benchmark/benchmark.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>

namespace reviver::store {
namespace {

constexpr std::uint64_t mib = 1 << 20;

struct Bench {
    Bench() : opener(world.files) {
        const char* parent = std::getenv("TMPDIR");
        std::string name = std::string(parent == nullptr ? "/tmp" : parent) + "/store-bench-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) std::abort();
        directory = name;
        store = std::make_unique<Store>(world, directory, opener, Options{0.0});
    }
    ~Bench() {
        store.reset();
        std::filesystem::remove_all(directory);
    }

    sys::World& world = sys::linux_world();
    RawOpener opener;
    sys::Path directory;
    std::unique_ptr<Store> store;
};

point::ReceiveHeader header(std::uint64_t sequence, std::uint64_t size_bytes, point::Bulk bulk) {
    point::ReceiveHeader made;
    std::array<std::uint8_t, 16> id{};
    std::memcpy(id.data(), &sequence, sizeof(sequence));
    made.id = ReceiveId(Uuid(id));
    made.collection = test_collection();
    made.sequence = {sequence};
    made.parent = {sequence - 1};
    made.disks = {{{{test_vm(), "vda"}, size_bytes}, bulk}};
    return made;
}

void commit(point::Sink& sink, const point::CutDigest& digest) {
    sink.commit(digest.trailer());
}

point::CutHeader cut(std::uint64_t sequence) {
    point::CutHeader made;
    std::array<std::uint8_t, 16> id{9};
    std::memcpy(id.data() + 8, &sequence, sizeof(sequence));
    made.id = CutId(Uuid(id));
    return made;
}

// Chunks of 1 MiB, one after the other, into a base or, with a parent, into a layer.
void sequential(point::Sink& sink, std::uint64_t size_bytes, point::CutDigest* digest) {
    const Bytes data = random_bytes(1, mib);
    for (std::uint64_t at = 0; at < size_bytes; at += mib) {
        const point::Chunk chunk{0, {{at, mib}}, data};
        sink.write(chunk);
        if (digest != nullptr) digest->add(point::checksum_of(chunk));
    }
}

// `count` changes of 4 KiB, 256 in a chunk, scattered.
void scattered(point::Sink& sink, std::uint64_t size_bytes, std::uint64_t count, std::uint64_t seed,
               point::CutDigest& digest) {
    std::mt19937_64 random(seed);
    std::set<std::uint64_t> places;
    while (places.size() < count) places.insert(random() % (size_bytes / 4096) * 4096);
    const Bytes data = random_bytes(seed, mib);
    for (auto place = places.begin(); place != places.end();) {
        point::Chunk chunk;
        for (; place != places.end() && chunk.extents.size() < 256; ++place)
            chunk.extents.push_back({*place, 4096});
        chunk.payload = ByteView(data).first(chunk.extents.size() * 4096);
        sink.write(chunk);
        digest.add(point::checksum_of(chunk));
    }
}

void full_point(Store& store, std::uint64_t size_bytes) {
    const auto sink = store.receive();
    sink->open(header(1, size_bytes, point::Bulk::full));
    sequential(*sink, size_bytes, nullptr);
    sink->begin_cut(cut(1));
    commit(*sink, {});
}

void empty_full_point(Store& store, std::uint64_t size_bytes) {
    const auto sink = store.receive();
    sink->open(header(1, size_bytes, point::Bulk::full));
    sink->write({0, {{0, size_bytes, Content::zero}}, {}});
    sink->begin_cut(cut(1));
    commit(*sink, {});
}

void scattered_point(Store& store, std::uint64_t sequence, std::uint64_t size_bytes,
                     std::uint64_t count) {
    const auto sink = store.receive();
    sink->open(header(sequence, size_bytes, point::Bulk::none));
    sink->begin_cut(cut(sequence));
    point::CutDigest digest;
    scattered(*sink, size_bytes, count, sequence, digest);
    commit(*sink, digest);
}

void InitialCopy(benchmark::State& state) {
    const std::uint64_t size = static_cast<std::uint64_t>(state.range(0)) * mib;
    for (auto _ : state) {
        Bench bench;
        full_point(*bench.store, size);
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(size * state.iterations()));
}
BENCHMARK(InitialCopy)->Arg(1024)->Unit(benchmark::kMillisecond)->UseRealTime();

void SequentialDelta(benchmark::State& state) {
    const std::uint64_t size = static_cast<std::uint64_t>(state.range(0)) * mib;
    Bench bench;
    empty_full_point(*bench.store, size);
    std::uint64_t sequence = 1;
    for (auto _ : state) {
        const auto sink = bench.store->receive();
        sink->open(header(++sequence, size, point::Bulk::none));
        sink->begin_cut(cut(sequence));
        point::CutDigest digest;
        sequential(*sink, size, &digest);
        commit(*sink, digest);
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(size * state.iterations()));
}
BENCHMARK(SequentialDelta)->Arg(512)->Unit(benchmark::kMillisecond)->UseRealTime();

void ScatteredDelta(benchmark::State& state) {
    const std::uint64_t size = 100'000 * mib;
    const auto count = static_cast<std::uint64_t>(state.range(0));
    Bench bench;
    empty_full_point(*bench.store, size);
    std::uint64_t sequence = 1;
    for (auto _ : state) scattered_point(*bench.store, ++sequence, size, count);
    state.SetBytesProcessed(static_cast<std::int64_t>(count * 4096 * state.iterations()));
    state.counters["disk_bytes_per_byte"] =
        static_cast<double>(bench.store->newest(test_collection())->size_bytes) /
        static_cast<double>(count * 4096);
}
BENCHMARK(ScatteredDelta)->Arg(10'000)->Unit(benchmark::kMillisecond)->UseRealTime();

// Eight layers of 10,000 scattered changes, the lowest dead ones folded into the base, or (pinned
// below) merged into one layer.
void Upkeep(benchmark::State& state) {
    const std::uint64_t size = 10'000 * mib;
    const bool merge = state.range(0) != 0;
    std::uint64_t bytes = 0;
    for (auto _ : state) {
        state.PauseTiming();
        auto bench = std::make_unique<Bench>();
        empty_full_point(*bench->store, size);
        if (merge) bench->store->pin(test_collection(), {1}, "bench");
        for (std::uint64_t sequence = 2; sequence <= 9; ++sequence)
            scattered_point(*bench->store, sequence, size, 10'000);
        state.ResumeTiming();
        const RetentionPolicy policy{0, {}, bench->world.clock.wall()};
        bytes += bench->store->maintain_once(test_collection(), policy).bytes_copied;
        state.PauseTiming();
        bench.reset();
        state.ResumeTiming();
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK(Upkeep)->ArgName("merge")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond)->UseRealTime();

// 84 points of 2000 scattered changes each, with upkeep behind each of them, or without any.
std::unique_ptr<Bench> make_long_history(bool upkeep) {
    constexpr std::uint64_t points = 84;
    auto bench = std::make_unique<Bench>();
    const RetentionPolicy keep_all{24, std::chrono::hours(10'000'000), {}, points};
    full_point(*bench->store, 1024 * mib);
    for (std::uint64_t sequence = 2; sequence <= points; ++sequence) {
        scattered_point(*bench->store, sequence, 1024 * mib, 2000);
        while (upkeep && bench->store->maintain_once(test_collection(), keep_all).more) {
        }
    }
    return bench;
}

// Made once each, which takes a minute with upkeep.
Bench& long_history(bool upkeep) {
    static std::array<std::unique_ptr<Bench>, 2> made;
    auto& bench = made.at(upkeep ? 1 : 0);
    if (!bench) bench = make_long_history(upkeep);
    return *bench;
}

// 100,000 reads of 4 KiB by stock QEMU, all over the disk: of the base alone, of the newest point's
// chain as upkeep keeps it, and of one with a layer for each point.
void BootChainReads(benchmark::State& state) {
    const Bench& bench = long_history(state.range(0) == 1);
    const auto chain = bench.store->chain_files(test_collection(), {84}, {test_vm(), "vda"});
    const ChainFile& file = state.range(0) == 0 ? chain.front() : chain.back();
    const std::string command = "qemu-img bench -q -c 100000 -d 1 -s 4096 -S 340807680 -f " +
                                file.format + " " + file.path.string() + " > /dev/null";
    for (auto _ : state)
        if (run(command) != 0) state.SkipWithError("qemu-img bench failed");
    std::uint64_t bytes = 0;
    for (const PointInfo& point : bench.store->points(test_collection())) bytes += point.size_bytes;
    state.counters["layers"] = state.range(0) == 0 ? 0 : static_cast<double>(chain.size() - 1);
    state.counters["layer_bytes_mib"] = static_cast<double>(bytes >> 20);
}
BENCHMARK(BootChainReads)
    ->ArgName("base_short_long")
    ->DenseRange(0, 2)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// What a failover asks of the store; at worst, of one whose upkeep never ran.
void Pin(benchmark::State& state) {
    Bench& bench = long_history(state.range(0) != 0);
    for (auto _ : state) {
        bench.store->pin(test_collection(), {84}, "bench");
        benchmark::DoNotOptimize(
            bench.store->chain_files(test_collection(), {84}, {test_vm(), "vda"}));
    }
}
BENCHMARK(Pin)
    ->ArgName("upkeep")
    ->DenseRange(0, 1)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace reviver::store

BENCHMARK_MAIN();
