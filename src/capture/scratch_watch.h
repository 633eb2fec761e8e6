// While a cut is read, its scratch images grow with what the guests overwrite. Guests may live on
// the same file system, so before it fills up the cut is given up: that costs a cycle, a full disk
// costs guests.
#pragma once

#include "sys/files.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace reviver::capture {

class ScratchWatch {
  public:
    // `give_up` is called once, from the watch's thread, when less than `free_min_bytes` are left
    // where `directory` is.
    ScratchWatch(sys::Path directory, std::uint64_t free_min_bytes, std::function<void()> give_up);
    ~ScratchWatch();
    ScratchWatch(const ScratchWatch&) = delete;
    ScratchWatch& operator=(const ScratchWatch&) = delete;

    bool gave_up() const { return gave_up_; }

  private:
    void watch();
    bool is_short() const;

    sys::Path directory_;
    std::uint64_t free_min_bytes_;
    std::function<void()> give_up_;
    std::atomic<bool> gave_up_ = false;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool ending_ = false;
    std::thread thread_;
};

std::uint64_t free_bytes(const sys::Path& directory);

}  // namespace reviver::capture
