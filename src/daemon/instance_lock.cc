#include "daemon/instance_lock.h"

#include "base/error.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

namespace reviver::daemon {
namespace {

// Only for the message of who comes second; the lock itself is flock's.
void write_process_id(int file) {
    std::string text = std::to_string(::getpid()) + "\n";
    bool written = ::ftruncate(file, 0) == 0 &&
                   ::pwrite(file, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
    if (!written) fail_errno(errno, "cannot write the lock file");
}

std::string holder_of(int file) {
    std::array<char, 16> text{};
    ssize_t length = ::pread(file, text.data(), text.size() - 1, 0);
    std::string holder(text.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
    return holder.substr(0, holder.find('\n'));
}

}  // namespace

InstanceLock::InstanceLock(const std::filesystem::path& directory) {
    std::filesystem::path path = directory / "lock";
    file_ = sys::Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file_) fail_errno(errno, "cannot open " + path.string());
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) fail_errno(errno, "cannot lock " + path.string());
        fail(Code::in_use, "another reviverd (process {}) runs with {}; stop it first",
             holder_of(file_.get()), directory.string());
    }
    write_process_id(file_.get());
}

}  // namespace reviver::daemon
