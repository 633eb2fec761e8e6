// A directory of one's own for sockets and passing files: short (a UNIX socket's path has 108
// bytes), closed to others, gone with its object.
#pragma once

#include <filesystem>

namespace reviver::qemu {

class ScratchDirectory {
  public:
    ScratchDirectory();  // in $TMPDIR or /tmp
    ~ScratchDirectory();
    ScratchDirectory(const ScratchDirectory&) = delete;
    ScratchDirectory& operator=(const ScratchDirectory&) = delete;
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

}  // namespace reviver::qemu
