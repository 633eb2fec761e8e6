// Files, with what durability costs said in the open. A write is durable after sync() of the file;
// a created, renamed or removed name is durable after sync_directory() of its directory. The
// simulator loses, keeps or tears whatever was not synced.
//
// Errors: Code::no_space for a full disk, not_found, exists, access_denied; anything else from the
// device is Code::failed. A File may be read by several tasks at once; writes to one File come from
// one task at a time.
#pragma once

#include "base/bytes.h"
#include "base/extents.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace reviver::sys {

using Path = std::filesystem::path;

class File {
  public:
    virtual ~File() = default;
    // Fills `to` from `offset`; answers how many bytes there were before the end of the file.
    virtual std::size_t read_at(std::uint64_t offset, ByteSpan to) = 0;
    virtual void write_at(std::uint64_t offset, ByteView from) = 0;
    virtual void sync() = 0;
    virtual std::uint64_t size_bytes() = 0;
    virtual void resize(std::uint64_t size_bytes) = 0;
    // Makes a range read as zeros, giving its space back where the file system can.
    virtual void punch(Range range) = 0;
    // What of `range` is data and what is a hole; adjacent, ascending, covering the range up to the
    // end of the file.
    virtual std::vector<Extent> extents(Range range) = 0;

    void read_exactly(std::uint64_t offset,
                      ByteSpan to);  // Code::corrupt when the file is too short
};

enum class OpenMode : std::uint8_t {
    read,        // must exist
    write,       // read and write; must exist
    create_new,  // read and write; must not exist
    create,      // read and write; made when it does not exist
};

struct Space {
    std::uint64_t free_bytes = 0;
    std::uint64_t total_bytes = 0;
};

class Files {
  public:
    virtual ~Files() = default;
    virtual std::unique_ptr<File> open(const Path& path, OpenMode mode) = 0;
    virtual bool exists(const Path& path) = 0;
    virtual void rename(const Path& from, const Path& to) = 0;  // replaces `to` at once
    virtual void remove(
        const Path& path) = 0;  // a file or an empty directory; not_found is no error
    virtual void make_directories(const Path& path) = 0;
    virtual void sync_directory(const Path& path) = 0;
    virtual std::vector<std::string> list(const Path& directory) = 0;  // names, sorted
    virtual Space space(const Path& path) = 0;
    // The SQLite VFS that keeps databases on these files; null is SQLite's default.
    virtual const char* sqlite_vfs() const = 0;
};

// Writes a small file so that after a crash it has the old or the new content: temporary name,
// sync, rename, sync directory.
void replace_file(Files& files, const Path& path, ByteView content);
Bytes read_file(Files& files, const Path& path, std::uint64_t size_limit);

}  // namespace reviver::sys
