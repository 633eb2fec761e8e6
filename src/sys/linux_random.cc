// getentropy(3) is getrandom(2) without its header, whose name <sys/random.h> is that of our own
// interface.
#include "base/error.h"
#include "sys/linux.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace reviver::sys {

namespace {

constexpr std::size_t at_once_max = 256;  // bytes, by getentropy(3)

class LinuxRandom : public Random {
  public:
    void fill(ByteSpan to) override {
        while (!to.empty()) {
            const ByteSpan part = to.first(std::min(to.size(), at_once_max));
            if (::getentropy(part.data(), part.size()) != 0) {
                fail_errno(errno, "cannot get random bytes");
            }
            to = to.subspan(part.size());
        }
    }
};

}  // namespace

Random& linux_random() {
    static LinuxRandom random;
    return random;
}

}  // namespace reviver::sys
