#include "provider/return_codes.h"

namespace reviver::provider {

std::uint32_t return_value_of(Code code) {
    switch (code) {
        case Code::access_denied:
            return 32769;
        case Code::not_supported:
            return 32770;
        case Code::timeout:
            return 32772;
        case Code::invalid_parameter:
        case Code::exists:
        case Code::not_found:
            return 32773;
        case Code::in_use:
            return 32774;
        case Code::invalid_state:
        case Code::stale_epoch:
            return 32775;
        case Code::wrong_type:
            return 32776;
        case Code::unavailable:
        case Code::stopped:
            return 32777;
        case Code::out_of_memory:
            return 32778;
        case Code::no_file:
            return 32779;
        default:
            return 32768;
    }
}

}  // namespace reviver::provider
