#include "base/error.h"
#include "sys/descriptor.h"
#include "sys/linux.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace reviver::sys {

namespace {

[[noreturn]] void fail_file(std::string_view verb, const Path& path) {
    fail_errno(errno, fmt::format("cannot {} {}", verb, path.string()));
}

class LinuxFile : public File {
  public:
    LinuxFile(Path path, Descriptor fd) : path_(std::move(path)), fd_(std::move(fd)) {}

    std::size_t read_at(std::uint64_t offset, ByteSpan to) override {
        std::size_t done = 0;
        while (done < to.size()) {
            const ssize_t got = ::pread(fd_.get(), to.data() + done, to.size() - done,
                                        static_cast<off_t>(offset + done));
            if (got == 0) break;
            if (got < 0 && errno != EINTR) fail_file("read", path_);
            if (got > 0) done += static_cast<std::size_t>(got);
        }
        return done;
    }

    void write_at(std::uint64_t offset, ByteView from) override {
        while (!from.empty()) {
            const ssize_t put =
                ::pwrite(fd_.get(), from.data(), from.size(), static_cast<off_t>(offset));
            if (put < 0 && errno != EINTR) fail_file("write", path_);
            if (put <= 0) continue;
            offset += static_cast<std::uint64_t>(put);
            from = from.subspan(static_cast<std::size_t>(put));
        }
    }

    void sync() override {
        if (::fdatasync(fd_.get()) != 0) fail_file("sync", path_);
    }

    std::uint64_t size_bytes() override {
        // Not fstat: this is right for block devices too.
        const off_t end = ::lseek(fd_.get(), 0, SEEK_END);
        if (end < 0) fail_file("find the size of", path_);
        return static_cast<std::uint64_t>(end);
    }

    void resize(std::uint64_t size_bytes) override {
        if (::ftruncate(fd_.get(), static_cast<off_t>(size_bytes)) != 0) fail_file("resize", path_);
    }

    void punch(Range range) override {
        if (range.length == 0) return;
        if (::fallocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                        static_cast<off_t>(range.offset), static_cast<off_t>(range.length)) == 0) {
            return;
        }
        if (errno != EOPNOTSUPP) fail_file("punch a hole into", path_);
        write_zeros(range);
    }

    std::vector<Extent> extents(Range range) override;

  private:
    void write_zeros(Range range) {
        const Bytes zeros(64 << 10);
        const std::uint64_t end = std::min(range.end(), size_bytes());
        for (std::uint64_t at = range.offset; at < end; at += zeros.size()) {
            write_at(at, ByteView(zeros).first(std::min<std::uint64_t>(zeros.size(), end - at)));
        }
    }

    // Where the next data (SEEK_DATA) or hole (SEEK_HOLE) begins, at most `end`.
    std::uint64_t seek(std::uint64_t from, int what, std::uint64_t end) {
        const off_t found = ::lseek(fd_.get(), static_cast<off_t>(from), what);
        if (found >= 0) return std::min(static_cast<std::uint64_t>(found), end);
        if (errno == ENXIO) return end;
        fail_file("find the holes of", path_);
    }

    Path path_;
    Descriptor fd_;
};

std::vector<Extent> LinuxFile::extents(Range range) {
    std::vector<Extent> result;
    const std::uint64_t end = std::min(range.end(), size_bytes());
    std::uint64_t at = range.offset;
    while (at < end) {
        const std::uint64_t data = seek(at, SEEK_DATA, end);
        if (data > at) result.push_back({at, data - at, Content::zero});
        if (data == end) break;
        const std::uint64_t hole = seek(data, SEEK_HOLE, end);
        result.push_back({data, hole - data, Content::data});
        at = hole;
    }
    return result;
}

int flags_of(OpenMode mode) {
    switch (mode) {
        // Of a pipe that somebody put where a file should be, nobody waits for the other end.
        case OpenMode::read:
            return O_RDONLY | O_NONBLOCK;
        case OpenMode::write:
            return O_RDWR;
        case OpenMode::create_new:
            return O_RDWR | O_CREAT | O_EXCL;
        case OpenMode::create:
            return O_RDWR | O_CREAT;
    }
    return O_RDONLY;
}

class LinuxFiles : public Files {
  public:
    std::unique_ptr<File> open(const Path& path, OpenMode mode) override {
        Descriptor fd(::open(path.c_str(), flags_of(mode) | O_CLOEXEC, 0600));
        if (!fd) fail_file("open", path);
        return std::make_unique<LinuxFile>(path, std::move(fd));
    }

    bool exists(const Path& path) override {
        if (::access(path.c_str(), F_OK) == 0) return true;
        if (errno == ENOENT || errno == ENOTDIR) return false;
        fail_file("look at", path);
    }

    void rename(const Path& from, const Path& to) override {
        if (::rename(from.c_str(), to.c_str()) != 0) {
            fail_file(fmt::format("rename to {}:", to.string()), from);
        }
    }

    void remove(const Path& path) override {
        if (::unlink(path.c_str()) == 0 || errno == ENOENT) return;
        if (errno == EISDIR && ::rmdir(path.c_str()) == 0) return;
        fail_file("remove", path);
    }

    void make_directories(const Path& path) override {
        std::error_code error;
        std::filesystem::create_directories(path, error);
        if (error) fail_errno(error.value(), fmt::format("cannot make {}", path.string()));
    }

    void sync_directory(const Path& path) override {
        const Descriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!fd || ::fsync(fd.get()) != 0) fail_file("sync the directory", path);
    }

    std::vector<std::string> list(const Path& directory) override {
        std::error_code error;
        std::vector<std::string> names;
        std::filesystem::directory_iterator entry(directory, error);
        const std::filesystem::directory_iterator end;
        for (; !error && entry != end; entry.increment(error)) {
            names.push_back(entry->path().filename().string());
        }
        if (error) fail_errno(error.value(), fmt::format("cannot list {}", directory.string()));
        std::sort(names.begin(), names.end());
        return names;
    }

    Space space(const Path& path) override {
        struct statvfs found {};
        if (::statvfs(path.c_str(), &found) != 0) fail_file("find the free space of", path);
        const std::uint64_t unit = found.f_frsize;
        return {found.f_bavail * unit, found.f_blocks * unit};
    }

    const char* sqlite_vfs() const override { return nullptr; }
};

}  // namespace

Files& linux_files() {
    static LinuxFiles files;
    return files;
}

}  // namespace reviver::sys
