#include "point/copy.h"

#include "base/error.h"

#include <gtest/gtest.h>

namespace reviver::point {
namespace {

using namespace std::chrono_literals;

// Chunk i is one KiB of byte i at i KiB.
class Counting : public Source {
  public:
    explicit Counting(std::uint64_t count) : count_(count) {}
    void start_at(std::uint64_t chunk_index) override { next_ = chunk_index; }
    std::optional<Chunk> next() override {
        if (next_ == count_) return std::nullopt;
        payload_.assign(1024, std::byte(next_));
        return Chunk{0, {{next_++ * 1024, 1024}, {1 << 20, 512, Content::zero}}, payload_};
    }
    std::uint64_t bytes_left() const override { return (count_ - next_) * 1024; }

  private:
    const std::uint64_t count_;
    std::uint64_t next_ = 0;
    Bytes payload_;
};

// Keeps what arrives; its connection breaks after `breaks_after` chunks.
class Collecting : public Sink {
  public:
    ReceiveState open(const ReceiveHeader&) override { return {}; }
    std::uint64_t begin_cut(const CutHeader&) override { return sums.size(); }
    void write(const Chunk& chunk) override {
        if (sums.size() == breaks_after) fail(Code::unavailable, "gone");
        sums.push_back(checksum_of(chunk));
    }
    CompareAnswer compare(std::uint32_t, std::uint64_t, const std::vector<Hash>&) override {
        return {};
    }
    void commit(const CutTrailer&) override {}

    CutTrailer trailer() const {
        CutDigest digest;
        for (const std::uint64_t sum : sums) digest.add(sum);
        return digest.trailer();
    }
    std::vector<std::uint64_t> sums;
    std::size_t breaks_after = 1000;
};

// A clock that stands still but for who sleeps.
class ManualClock : public sys::Clock {
  public:
    sys::WallTime wall() override { return sys::WallTime(now.time_since_epoch()); }
    sys::MonoTime mono() override { return now; }
    void sleep_until(sys::MonoTime time) override { now = std::max(now, time); }
    sys::MonoTime now{1h};
};

TEST(Copy, AllChunksArriveAndAreCounted) {
    Counting source(10);
    Collecting sink;
    CutDigest digest;
    std::uint64_t told = 0;
    Filters filters;
    filters.progress = [&](const Copied& copied) { told = copied.data_bytes; };
    const Copied copied = copy_chunks(source, sink, digest, 0, filters);
    EXPECT_EQ(copied.chunks, 10u);
    EXPECT_EQ(copied.data_bytes, 10240u);
    EXPECT_EQ(copied.zero_bytes, 5120u);
    EXPECT_EQ(told, 10240u);
    EXPECT_EQ(digest.trailer().chunks, 10u);
    EXPECT_EQ(digest.trailer().digest, sink.trailer().digest);
}

TEST(Copy, ABrokenCopyGoesOnWhereTheSinkIs) {
    Counting source(10);
    Collecting sink;
    CutDigest digest;
    sink.breaks_after = 6;
    EXPECT_THROW(copy_chunks(source, sink, digest, 0), Error);
    // The sink lost two that it had.
    sink.sums.resize(4);
    sink.breaks_after = 1000;
    EXPECT_EQ(copy_chunks(source, sink, digest, 4).chunks, 6u);
    EXPECT_EQ(digest.trailer().chunks, 10u);
    EXPECT_EQ(digest.trailer().digest, sink.trailer().digest);
}

TEST(Copy, ASinkThatHasMoreThanWasSentIsRefused) {
    Counting source(10);
    Collecting sink;
    CutDigest digest;
    EXPECT_THROW(copy_chunks(source, sink, digest, 1), Error);
}

TEST(Copy, ItStopsWhenAsked) {
    Counting source(10);
    Collecting sink;
    CutDigest digest;
    Filters filters;
    filters.stopped = [&] { return sink.sums.size() == 3; };
    try {
        copy_chunks(source, sink, digest, 0, filters);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::stopped);
    }
    EXPECT_EQ(sink.sums.size(), 3u);
}

TEST(Throttle, LetsTheRateThrough) {
    ManualClock clock;
    const auto begin = clock.now;
    Throttle throttle(clock, 1000, 100);
    for (int i = 0; i < 10; ++i) throttle.take(500);
    EXPECT_EQ(clock.now - begin, 4900ms);
}

TEST(Throttle, SavesUpNoMoreThanTheBurst) {
    ManualClock clock;
    Throttle throttle(clock, 1000, 100);
    clock.now += 1h;
    const auto begin = clock.now;
    throttle.take(100);
    EXPECT_EQ(clock.now - begin, 0ms);
    throttle.take(100);
    EXPECT_EQ(clock.now - begin, 100ms);
}

TEST(Throttle, WithoutARateNobodyWaits) {
    ManualClock clock;
    Throttle throttle(clock, 0);
    const auto begin = clock.now;
    throttle.take(1ull << 40);
    throttle.set_rate(1 << 20);
    throttle.take(3 << 20);
    EXPECT_EQ(clock.now - begin, 2s);
}

}  // namespace
}  // namespace reviver::point
