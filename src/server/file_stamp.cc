#include "server/file_stamp.h"

#include <sys/stat.h>

namespace reviver::server {

FileStamp stamp_of(const std::filesystem::path& file) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) return {};
    return {static_cast<std::int64_t>(status.st_ino), status.st_size, status.st_mtim.tv_sec,
            status.st_mtim.tv_nsec, static_cast<std::int64_t>(status.st_dev)};
}

}  // namespace reviver::server
