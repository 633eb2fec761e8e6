// Frames over a Channel, both ways at once, with a heartbeat. Both ends of the protocol stand on
// this.
//
// Who is dead is found by silence: each end sends something every alive_interval, and takes the
// other for gone after silence_max without a byte. This works only because each end reads at all
// times: what it cannot handle yet waits in bounded memory (see Patience and the window in
// limits.h), so a slow disk behind the peer never looks like a dead peer.
//
// Thread rules: receive() belongs to one task. Everything else may be called from any task.
#pragma once

#include "base/error.h"
#include "sys/exclusive.h"
#include "wire/frame.h"
#include "wire/limits.h"
#include "wire/transport.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

namespace reviver::wire {

// Bytes that are not cleared before they are filled.
class Buffer {
  public:
    ByteSpan resize(std::size_t size) {
        if (size > capacity_) {
            bytes_ = std::make_unique_for_overwrite<std::byte[]>(size);
            capacity_ = size;
        }
        size_ = size;
        return {bytes_.get(), size_};
    }
    ByteView view() const { return {bytes_.get(), size_}; }

  private:
    std::unique_ptr<std::byte[]> bytes_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

struct Frame {
    FrameHeader header;
    Buffer message;
    Buffer payload;
    // What it counts for in the window.
    std::size_t cost() const { return header.frame_bytes() + frame_cost; }
};

class Connection {
  public:
    // The greeting has to be over by `greeted_by`; until keep_alive() that is the only bound on
    // waiting.
    Connection(sys::World& world, std::unique_ptr<Channel> channel, const Patience& patience,
               sys::MonoTime greeted_by);
    ~Connection();

    // From here on silence is deadly, and a heartbeat says that we are not.
    void keep_alive();
    // Lengths and checksums of `header` are filled in; of a chunk, payload_checksum is the
    // caller's.
    void send(FrameHeader header, ByteView message = {}, ByteView payload = {});
    // The next frame that is not a heartbeat; false when the peer has finished between two frames.
    bool receive(Frame& frame, FrameSet allowed);
    // Says why the connection ends; from now on no wait is longer than linger_max in all. Trouble
    // with saying it is ignored.
    void announce_end(const Error& error);
    // The same, and reads away what the peer still sends until it has gone. For the task that
    // receives.
    void refuse(const Error& error);
    void close();

    const Fingerprint& peer() const { return channel_->peer(); }
    Traffic traffic() const { return channel_->traffic(); }

  private:
    bool fill(ByteSpan to, std::optional<sys::MonoTime> by, bool may_end);
    void read_body(Frame& frame);
    void beat();
    // What explains `error`: the first trouble there was.
    Error cause_of(const Error& error);

    sys::World& world_;
    const Patience patience_;
    std::unique_ptr<Channel> channel_;
    sys::Exclusive writing_;
    std::atomic<sys::MonoTime> last_sent_;
    std::mutex mutex_;
    std::optional<Error> failure_;  // the first trouble, which explains what follows from it
    std::unique_ptr<sys::Signal> closing_;
    std::unique_ptr<sys::Task> heart_;  // last: joined before what it uses goes
};

}  // namespace reviver::wire
