// One daemon for one data directory. The lock is the kernel's (flock): it ends with the process,
// however that ends.
#pragma once

#include "sys/descriptor.h"

#include <filesystem>

namespace reviver::daemon {

class InstanceLock {
  public:
    // Makes DIRECTORY/lock when it is missing. Error(in_use) names the process that holds it.
    explicit InstanceLock(const std::filesystem::path& directory);

  private:
    sys::Descriptor file_;
};

}  // namespace reviver::daemon
