#include "sys/files.h"

#include "base/error.h"

namespace reviver::sys {

void File::read_exactly(std::uint64_t offset, ByteSpan to) {
    const std::size_t got = read_at(offset, to);
    if (got != to.size()) {
        fail(Code::corrupt, "the file ends at byte {}, but {} bytes were expected at {}",
             offset + got, to.size(), offset);
    }
}

void replace_file(Files& files, const Path& path, ByteView content) {
    const Path temporary = path.string() + ".new";
    {
        // One that a crash left behind may be longer than the content.
        auto file = files.open(temporary, OpenMode::create);
        file->resize(0);
        file->write_at(0, content);
        // Before the rename: a name must never lead to content that is not there yet.
        file->sync();
    }
    files.rename(temporary, path);
    files.sync_directory(path.parent_path());
}

Bytes read_file(Files& files, const Path& path, std::uint64_t size_limit) {
    auto file = files.open(path, OpenMode::read);
    const std::uint64_t size = file->size_bytes();
    if (size > size_limit) {
        fail(Code::corrupt, "{} has {} bytes, at most {} were expected", path.string(), size,
             size_limit);
    }
    Bytes content(size);
    file->read_exactly(0, content);
    return content;
}

}  // namespace reviver::sys
