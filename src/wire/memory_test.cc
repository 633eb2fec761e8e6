// What a connection may hold in memory, measured: everything that is allocated with `new` in this
// program is counted.
#include "wire/frame_queue.h"
#include "wire/messages.h"
#include "wire/test_sites.h"

#include <gmock/gmock.h>
#include <malloc.h>

#include <cstdlib>
#include <new>
#include <thread>

namespace {

std::atomic<std::size_t> live_bytes = 0;
std::atomic<std::size_t> peak_bytes = 0;

void* counted(std::size_t size) {
    void* memory = std::malloc(size);
    if (memory == nullptr) std::abort();
    const std::size_t live = live_bytes += malloc_usable_size(memory);
    for (std::size_t peak = peak_bytes; peak < live;) {
        if (peak_bytes.compare_exchange_weak(peak, live)) break;
    }
    return memory;
}

void uncounted(void* memory) noexcept {
    if (memory == nullptr) return;
    live_bytes -= malloc_usable_size(memory);
    std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) {
    return counted(size);
}
void* operator new[](std::size_t size) {
    return counted(size);
}
void operator delete(void* memory) noexcept {
    uncounted(memory);
}
void operator delete[](void* memory) noexcept {
    uncounted(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    uncounted(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
    uncounted(memory);
}

namespace reviver::wire {
namespace {

Frame frame_of(FrameType type, std::size_t payload_bytes) {
    Frame frame;
    frame.header.type = type;
    frame.header.payload_bytes = static_cast<std::uint32_t>(payload_bytes);
    frame.payload.resize(payload_bytes);
    return frame;
}

TEST(FrameQueue, takes_a_window_and_no_more) {
    FrameQueue queue(sys::linux_world(), window_bytes_min);
    const auto push_chunk = [&] { queue.push(frame_of(FrameType::chunk, 1 << 20)); };
    for (int i = 0; i < 3; ++i) push_chunk();
    EXPECT_FAILS(Code::protocol, "more than was acknowledged", push_chunk());
    // Requests have room of their own, or a full window would leave none for a call.
    const auto push_call = [&] { queue.push(frame_of(FrameType::call, body_bytes_max)); };
    for (std::size_t i = 0; i < calls_max; ++i) push_call();
    queue.push(frame_of(FrameType::begin_cut, definitions_bytes_max));
    EXPECT_FAILS(Code::protocol, "", push_call());
    Frame frame;
    EXPECT_TRUE(queue.pop(frame));
    push_chunk();
    queue.close();
    EXPECT_FALSE(queue.pop(frame));
}

// The worst that a peer can do while nothing is taken off its hands, in chunks of several sizes.
class Memory : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Chunks, Memory, testing::Values(0, 512, 64 << 10, 1 << 20));

TEST_P(Memory, of_a_session_is_bounded) {
    std::mutex gate;
    TestSites sites(Way::tls_loopback);
    sites.handler.received.before_write = [&] { const std::lock_guard lock(gate); };
    const auto link = sites.connect();
    const auto sink = link->sink();
    sink->open(header_of_disks({8 << 20}));
    const Bytes data = random_bytes(GetParam());
    point::Chunk chunk{0, {{0, 4096, Content::zero}}, {}};
    if (!data.empty()) chunk = {0, {{0, data.size()}}, data};
    std::unique_lock closed(gate);
    const std::size_t before = live_bytes;
    peak_bytes = before;
    std::thread sender([&] {
        error_of([&] {
            for (;;) sink->write(chunk);
        });
    });
    std::thread caller(
        [&] { error_of([&] { link->call("echo", std::string(body_bytes_max, 'x'), soon()); }); });
    // Nothing moves any more: the sender waits for the window.
    std::uint64_t sent = 0;
    EXPECT_TRUE(comes_true([&] {
        const std::uint64_t now = link->traffic().sent_bytes;
        const bool settled = now == sent && peak_bytes - before > window_bytes_default / 4;
        sent = now;
        return settled || (data.empty() && peak_bytes - before > (1 << 20));
    }));
    EXPECT_LT(peak_bytes - before, session_memory_max);
    link->close();
    closed.unlock();
    sender.join();
    caller.join();
    sites.server->close();
}

}  // namespace
}  // namespace reviver::wire
