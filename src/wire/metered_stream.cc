#include "wire/metered_stream.h"

#include <algorithm>

namespace reviver::wire {

MeteredStream::MeteredStream(std::shared_ptr<sys::Stream> stream, sys::Clock& clock,
                             std::shared_ptr<BandwidthLimit> limit)
    : stream_(std::move(stream)), clock_(clock), limit_(std::move(limit)) {}

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

std::size_t MeteredStream::read_some(ByteSpan to) {
    arm();
    const std::size_t got = stream_->read_some(to);
    received_ += got;
    if (limit_) limit_->charge_received(got);
    return got;
}

void MeteredStream::write_all(ByteView from) {
    while (!from.empty()) {
        std::size_t slice = from.size();
        if (limit_) {
            slice = std::min(slice, limit_->slice_bytes());
            limit_->wait_for(slice);
        }
        arm();
        stream_->write_all(from.first(slice));
        sent_ += slice;
        from = from.subspan(slice);
    }
}

}  // namespace reviver::wire
