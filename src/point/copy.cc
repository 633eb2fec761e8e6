#include "point/copy.h"

#include "base/error.h"

#include <algorithm>

namespace reviver::point {

void CutDigest::rewind(std::uint64_t chunks) {
    if (chunks > checksums_.size())
        fail(Code::invalid_state, "the sink has {} chunks of this cut, and only {} were sent",
             chunks, checksums_.size());
    checksums_.resize(chunks);
}

void CutDigest::add(std::uint64_t chunk_checksum) {
    checksums_.push_back(chunk_checksum);
}

CutTrailer CutDigest::trailer() const {
    Xxh3 digest;
    for (const std::uint64_t checksum : checksums_) {
        std::byte bytes[8];
        store_le(bytes, checksum);
        digest.add(bytes);
    }
    return {checksums_.size(), digest.value()};
}

Throttle::Throttle(sys::Clock& clock, std::uint64_t bytes_per_second, std::uint64_t burst_bytes)
    : clock_(clock), burst_bytes_(burst_bytes), bytes_per_second_(bytes_per_second) {}

void Throttle::take(std::uint64_t bytes) {
    clock_.sleep_until(reserve(bytes));
}

void Throttle::set_rate(std::uint64_t bytes_per_second) {
    const std::lock_guard lock(mutex_);
    bytes_per_second_ = bytes_per_second;
}

sys::MonoTime Throttle::reserve(std::uint64_t bytes) {
    const sys::MonoTime now = clock_.mono();
    const std::lock_guard lock(mutex_);
    if (bytes_per_second_ == 0) return now;
    const auto time_for = [&](std::uint64_t amount) {
        return sys::Duration(static_cast<std::int64_t>(static_cast<double>(amount) * 1e6 /
                                                       static_cast<double>(bytes_per_second_)));
    };
    // An unused bucket is full: it was paid for up to a burst ago, and no more.
    paid_until_ = std::max(paid_until_, now - time_for(burst_bytes_)) + time_for(bytes);
    return std::max(now, paid_until_);
}

namespace {

void count(const Chunk& chunk, Copied& copied) {
    ++copied.chunks;
    copied.data_bytes += chunk.payload.size();
    for (const Extent& extent : chunk.extents)
        if (extent.content == Content::zero) copied.zero_bytes += extent.length;
}

}  // namespace

Copied copy_chunks(Source& source, Sink& sink, CutDigest& digest, std::uint64_t first_chunk,
                   const Filters& filters) {
    digest.rewind(first_chunk);
    source.start_at(first_chunk);
    Copied copied;
    for (;;) {
        if (filters.stopped && filters.stopped()) fail(Code::stopped, "the copy was stopped");
        const std::optional<Chunk> chunk = source.next();
        if (!chunk) return copied;
        if (filters.throttle) filters.throttle->take(chunk->payload.size());
        digest.add(checksum_of(*chunk));
        sink.write(*chunk);
        count(*chunk, copied);
        if (filters.progress) filters.progress(copied);
    }
}

}  // namespace reviver::point
