// A pipe to a program, closed with its object and by every exec. Private to the folder.
#pragma once

#include "base/error.h"
#include "sys/descriptor.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace reviver::qemu {

struct Pipe {
    sys::Descriptor read_end;
    sys::Descriptor write_end;
    Pipe() {
        std::array<int, 2> ends{};
        if (pipe2(ends.data(), O_CLOEXEC) != 0) fail_errno(errno, "pipe");
        read_end = sys::Descriptor(ends[0]);
        write_end = sys::Descriptor(ends[1]);
    }
};

}  // namespace reviver::qemu
