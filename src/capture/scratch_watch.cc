#include "capture/scratch_watch.h"

#include "base/error.h"
#include "base/log.h"
#include "capture/limits.h"

#include <sys/statvfs.h>

#include <cerrno>

namespace reviver::capture {

std::uint64_t free_bytes(const sys::Path& directory) {
    struct statvfs space {};
    if (::statvfs(directory.c_str(), &space) != 0)
        fail_errno(errno, "looking for free space in " + directory.string());
    return static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
}

ScratchWatch::ScratchWatch(sys::Path directory, std::uint64_t free_min_bytes,
                           std::function<void()> give_up)
    : directory_(std::move(directory)),
      free_min_bytes_(free_min_bytes),
      give_up_(std::move(give_up)),
      thread_([this] { watch(); }) {}

ScratchWatch::~ScratchWatch() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

bool ScratchWatch::is_short() const {
    try {
        return free_bytes(directory_) < free_min_bytes_;
    } catch (const Error& error) {
        log_warning("{}", error.what());
        return true;
    }
}

void ScratchWatch::watch() {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, scratch_look_interval, [&] { return ending_; })) {
        if (!is_short()) continue;
        gave_up_ = true;
        log_warning("less than {} MiB are free in {}: the cut is given up", free_min_bytes_ >> 20,
                    directory_.string());
        give_up_();
        return;
    }
}

}  // namespace reviver::capture
