#include "base/error.h"

#include <cerrno>
#include <cstring>

namespace reviver {

std::string_view name_of(Code code) {
    switch (code) {
        case Code::failed:
            return "failed";
        case Code::access_denied:
            return "access denied";
        case Code::not_supported:
            return "not supported";
        case Code::timeout:
            return "timeout";
        case Code::invalid_parameter:
            return "invalid parameter";
        case Code::in_use:
            return "in use";
        case Code::invalid_state:
            return "invalid state";
        case Code::wrong_type:
            return "wrong type";
        case Code::unavailable:
            return "unavailable";
        case Code::out_of_memory:
            return "out of memory";
        case Code::not_found:
            return "not found";
        case Code::exists:
            return "exists";
        case Code::no_space:
            return "no space";
        case Code::corrupt:
            return "corrupt";
        case Code::protocol:
            return "protocol";
        case Code::stale_epoch:
            return "stale epoch";
        case Code::stopped:
            return "stopped";
        case Code::no_file:
            return "file not found";
    }
    return "unknown";
}

Reaction reaction_to(Code code) {
    switch (code) {
        case Code::unavailable:
        case Code::protocol:
            return Reaction::reconnect;
        case Code::timeout:
        case Code::in_use:
        case Code::no_space:
        case Code::out_of_memory:
            return Reaction::wait;
        case Code::stopped:
            return Reaction::stop;
        default:
            return Reaction::give_up;
    }
}

namespace {

Code code_of_errno(int error_number) {
    switch (error_number) {
        case ENOSPC:
        case EDQUOT:
            return Code::no_space;
        case ENOENT:
        case ENOTDIR:
            return Code::not_found;
        case EEXIST:
            return Code::exists;
        case EACCES:
        case EPERM:
            return Code::access_denied;
        case ENOMEM:
        case EMFILE:
        case ENFILE:
            return Code::out_of_memory;
        case EBUSY:
        case EAGAIN:
            return Code::in_use;
        case ETIMEDOUT:
            return Code::timeout;
        case ECONNREFUSED:
        case ECONNRESET:
        case ECONNABORTED:
        case EPIPE:
        case EHOSTUNREACH:
        case ENETUNREACH:
            return Code::unavailable;
        case EOPNOTSUPP:
        case ENOSYS:
            return Code::not_supported;
        default:
            return Code::failed;
    }
}

}  // namespace

void fail_errno(int error_number, std::string_view doing_what) {
    fail(code_of_errno(error_number), "{}: {}", doing_what, std::strerror(error_number));
}

}  // namespace reviver
