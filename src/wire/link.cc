#include "wire/link.h"

#include "base/check.h"
#include "wire/greeting.h"
#include "wire/messages.h"

#include <algorithm>

namespace reviver::wire {

Link::Link(sys::World& world, std::unique_ptr<Channel> channel, const Site& self,
           sys::MonoTime deadline, const LinkOptions& options)
    : world_(world),
      options_(options),
      connection_(world, std::move(channel), options.patience, deadline),
      window_moved_(world.tasks.make_signal()) {
    REVIVER_CHECK(options.window_bytes >= window_bytes_min);
    peer_ = greet(connection_, self, options.window_bytes);
    if (peer_.window_bytes < window_bytes_min) {
        fail(Code::protocol, "the peer offers a window of {} bytes, less than {}",
             peer_.window_bytes, window_bytes_min);
    }
    window_bytes_ = std::min<std::size_t>(options.window_bytes, peer_.window_bytes);
    connection_.keep_alive();
    reader_ = world_.tasks.start("wire-read", [this] { read(); });
}

Link::~Link() {
    close();
}

Error Link::named(Error error) const {
    error.add_context(peer_.name);
    return error;
}

void Link::throw_if_broken() const {
    if (broken_) throw *broken_;
}

std::uint64_t Link::enlist(Waiting& waiting) {
    const std::lock_guard lock(mutex_);
    throw_if_broken();
    const auto calls = std::ranges::count_if(
        waiting_, [](const auto& entry) { return entry.second->request == FrameType::call; });
    if (waiting.request == FrameType::call && calls >= std::ptrdiff_t{calls_max}) {
        fail(Code::out_of_memory, "{} calls to {} wait for an answer already", calls, peer_.name);
    }
    waiting_.emplace(++last_number_, &waiting);
    return last_number_;
}

void Link::strike(std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    waiting_.erase(number);
}

namespace {

template <class Action>
class AtEnd {
  public:
    explicit AtEnd(Action action) : action_(std::move(action)) {}
    ~AtEnd() { action_(); }
    AtEnd(const AtEnd&) = delete;
    AtEnd& operator=(const AtEnd&) = delete;

  private:
    Action action_;
};

}  // namespace

Frame Link::ask(const Request& request, FrameType answer, sys::MonoTime deadline) {
    Waiting waiting{request.type, answer, world_.tasks.make_signal(), {}, {}};
    const std::uint64_t number = enlist(waiting);
    const AtEnd striking([&] { strike(number); });
    try {
        connection_.send({.type = request.type, .number = number}, request.message,
                         request.payload);
    } catch (const Error& e) {
        if (e.code() != Code::invalid_parameter) await_reason(*waiting.signal);
        throw;
    }
    waiting.signal->wait_until(deadline);
    const std::lock_guard lock(mutex_);
    if (waiting.error) throw *waiting.error;
    if (!waiting.frame) fail(Code::timeout, "{} did not answer in time", peer_.name);
    return std::move(*waiting.frame);
}

std::uint64_t Link::take_over_receive() {
    const std::lock_guard lock(mutex_);
    return ++receive_;
}

void Link::check_receive(std::uint64_t receive) const {
    const std::lock_guard lock(mutex_);
    throw_if_broken();
    if (receive == 0 || receive_ != receive) {
        fail(Code::invalid_state, "no receive is open at {} on this link any more", peer_.name);
    }
}

bool Link::try_reserve(std::size_t cost, std::uint64_t& number) {
    const std::lock_guard lock(mutex_);
    throw_if_broken();
    if (chunk_error_) throw *chunk_error_;
    if (in_flight_bytes_ + cost > window_bytes_) return false;
    number = ++last_number_;
    in_flight_.push_back({number, cost});
    in_flight_bytes_ += cost;
    return true;
}

void Link::send_chunk(FrameHeader header, ByteView message, ByteView payload) {
    const std::size_t cost = frame_header_bytes + message.size() + payload.size() + frame_cost;
    while (!try_reserve(cost, header.number)) window_moved_->wait_until(sys::never);
    try {
        connection_.send(header, message, payload);
    } catch (const Error& e) {
        if (e.code() != Code::invalid_parameter) await_reason(*window_moved_);
        throw;
    }
}

void Link::forget_chunks() {
    const std::lock_guard lock(mutex_);
    chunk_error_.reset();
    in_flight_.clear();
    in_flight_bytes_ = 0;
}

void Link::read() {
    try {
        for (;;) {
            Frame frame;
            if (!connection_.receive(frame, answer_frames)) {
                fail(Code::unavailable, "closed the connection");
            }
            take(std::move(frame));
        }
    } catch (const Error& e) {
        break_with(named(e));
    }
}

void Link::take(Frame frame) {
    switch (frame.header.type) {
        case FrameType::refusal:
            throw decode_failure(frame.message.view());
        case FrameType::written:
            return acknowledge(frame.header.number);
        default:
            return answer_waiting(std::move(frame));
    }
}

void Link::answer_waiting(Frame frame) {
    const FrameHeader header = frame.header;
    const bool failed = header.type == FrameType::failure;
    std::optional<Error> error;
    if (failed) error = named(decode_failure(frame.message.view()));
    const std::lock_guard lock(mutex_);
    if (header.number == 0 || header.number > last_number_) {
        fail(Code::protocol, "answered request {}, which was never made", header.number);
    }
    const auto found = waiting_.find(header.number);
    if (found != waiting_.end()) {
        Waiting& waiting = *found->second;
        if (!failed && header.type != waiting.answer) {
            fail(Code::protocol, "answered a request with a frame of type {}",
                 static_cast<int>(header.type));
        }
        waiting.error = std::move(error);
        if (!failed) waiting.frame = std::move(frame);
        waiting.signal->raise();
    } else if (failed &&
               std::ranges::find(in_flight_, header.number, &Sent::number) != in_flight_.end()) {
        chunk_error_ = std::move(error);
        window_moved_->raise();
    }
    // Anything else answers a call that was given up.
}

void Link::acknowledge(std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    if (number > last_number_) fail(Code::protocol, "acknowledged a chunk that was never sent");
    while (!in_flight_.empty() && in_flight_.front().number <= number) {
        in_flight_bytes_ -= in_flight_.front().cost;
        in_flight_.pop_front();
    }
    window_moved_->raise();
}

// The reason before the closing: whoever finds the connection closed finds the reason, too.
void Link::break_with(const Error& error) {
    {
        const std::lock_guard lock(mutex_);
        broken_ = error;
        for (const auto& [number, waiting] : waiting_) {
            waiting->error = error;
            waiting->signal->raise();
        }
        window_moved_->raise();
    }
    connection_.close();
}

// Sending failed. The reading task is about to find out why: the peer may have said so, or we
// ourselves have closed.
void Link::await_reason(sys::Signal& signal) {
    const sys::MonoTime until = world_.clock.after(options_.patience.linger_max);
    bool woken = true;
    while (woken) {
        {
            const std::lock_guard lock(mutex_);
            throw_if_broken();
        }
        woken = signal.wait_until(until);
    }
}

}  // namespace reviver::wire
