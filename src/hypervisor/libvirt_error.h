// libvirt's last error of this thread as ours.
#pragma once

#include <string_view>

namespace reviver::hypervisor {

[[noreturn]] void fail_libvirt(std::string_view doing_what);

}  // namespace reviver::hypervisor
