#include "wire/metered_stream.h"

#include <algorithm>

namespace reviver::wire {

MeteredStream::MeteredStream(std::shared_ptr<sys::Stream> stream, sys::Clock& clock,
                             BandwidthLimits limits)
    : stream_(std::move(stream)), clock_(clock), limits_(std::move(limits)) {}

void MeteredStream::limit_waits(sys::MonoTime deadline, sys::Duration silence) {
    deadline_ = deadline;
    silence_ = silence;
}

void MeteredStream::arm() {
    const sys::Duration silence = silence_;
    const bool silent_for_ever = silence == sys::Duration::max();
    const sys::MonoTime silent_until = silent_for_ever ? sys::never : clock_.after(silence);
    stream_->set_deadline(std::min(deadline_.load(), silent_until));
}

std::size_t MeteredStream::slice_of(std::size_t bytes) const {
    for (const auto& limit : limits_) bytes = std::min(bytes, limit->slice_bytes());
    return bytes;
}

std::size_t MeteredStream::read_some(ByteSpan to) {
    for (const auto& limit : limits_) limit->wait_for_turn();
    arm();
    const std::size_t got = stream_->read_some(to.first(slice_of(to.size())));
    received_ += got;
    for (const auto& limit : limits_) limit->charge_received(got);
    return got;
}

void MeteredStream::write_all(ByteView from) {
    while (!from.empty()) {
        const std::size_t slice = slice_of(from.size());
        for (const auto& limit : limits_) limit->wait_for(slice);
        arm();
        stream_->write_all(from.first(slice));
        sent_ += slice;
        from = from.subspan(slice);
    }
}

}  // namespace reviver::wire
