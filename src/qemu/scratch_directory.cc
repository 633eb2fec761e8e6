#include "qemu/scratch_directory.h"

#include "base/error.h"

#include <stdlib.h>

#include <cerrno>
#include <string>

namespace reviver::qemu {

ScratchDirectory::ScratchDirectory() {
    std::string name = std::filesystem::temp_directory_path() / "reviver-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) fail_errno(errno, "making a directory " + name);
    path_ = name;
}

ScratchDirectory::~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace reviver::qemu
