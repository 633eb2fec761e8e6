// What tells a file that was written or replaced from what it was: enough to know when to read it
// anew. All zeros for one that is not there.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>

namespace reviver::server {

using FileStamp = std::array<std::int64_t, 5>;

// Taken before the file is read: what changes meanwhile is found the next time.
FileStamp stamp_of(const std::filesystem::path& file);

}  // namespace reviver::server
