#include "medium/imported_copy.h"

#include "base/check.h"
#include "base/error.h"
#include "medium/limits.h"
#include "medium/look_for.h"
#include "medium/names.h"
#include "medium/running_sha256.h"

#include <algorithm>

namespace reviver::medium {

namespace {

constexpr std::uint64_t zero_unit = 64 << 10;  // looked at as one for being all zeros

class CopiedDisk : public point::Source {
  public:
    CopiedDisk(std::unique_ptr<sys::File> file, sys::Path path, std::uint32_t disk,
               const Manifest::Disk& entry)
        : file_(std::move(file)), path_(std::move(path)), disk_(disk), entry_(entry) {}

    // The checksum is of all of it, in order.
    void start_at(std::uint64_t chunk_index) override { REVIVER_CHECK(chunk_index == 0); }
    std::uint64_t bytes_left() const override { return entry_.shape.size_bytes - at_; }

    std::optional<point::Chunk> next() override {
        const std::uint64_t size = entry_.shape.size_bytes;
        if (at_ >= size) {
            check();
            return std::nullopt;
        }
        buffer_.resize(std::min<std::uint64_t>(read_bytes, size - at_));
        file_->read_exactly(at_, buffer_);
        sum_.add(buffer_);
        point::Chunk chunk = chunk_of_buffer();
        at_ += buffer_.size();
        return chunk;
    }

  private:
    void check() {
        if (checked_) return;
        checked_ = true;
        if (sum_.take() != entry_.sha256)
            fail(Code::corrupt,
                 "{} is not what was exported: its checksum differs. Copy it again, or export anew",
                 path_.string());
    }

    // Data moves to the front of the buffer, zeros are only named.
    point::Chunk chunk_of_buffer() {
        point::Chunk chunk{disk_, {}, {}};
        std::size_t kept = 0;
        for (std::size_t from = 0; from < buffer_.size(); from += zero_unit) {
            const std::size_t length = std::min<std::size_t>(zero_unit, buffer_.size() - from);
            const ByteView part = ByteView(buffer_).subspan(from, length);
            const auto content = all_zero(part) ? Content::zero : Content::data;
            add_extent(chunk.extents, {at_ + from, length, content});
            if (content == Content::zero) continue;
            std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(from), length,
                        buffer_.begin() + static_cast<std::ptrdiff_t>(kept));
            kept += length;
        }
        chunk.payload = ByteView(buffer_).first(kept);
        return chunk;
    }

    static void add_extent(std::vector<Extent>& extents, Extent next) {
        if (!extents.empty() && extents.back().content == next.content)
            extents.back().length += next.length;
        else
            extents.push_back(next);
    }

    std::unique_ptr<sys::File> file_;
    const sys::Path path_;
    const std::uint32_t disk_;
    const Manifest::Disk entry_;
    std::uint64_t at_ = 0;
    RunningSha256 sum_;
    bool checked_ = false;
    Bytes buffer_;
};

bool has_copy(sys::Files& files, const sys::Path& directory) {
    return files.exists(directory / manifest_name) || files.exists(directory / unfinished_name);
}

sys::Path find_copy(sys::Files& files, const sys::Path& given) {
    if (!given.is_absolute())
        fail(Code::invalid_parameter,
             "'{}' is no absolute path; the directory is one of the machine that the site runs on",
             given.string());
    sys::Path directory = given.lexically_normal();
    if (directory.filename().empty()) directory = directory.parent_path();
    if (!has_copy(files, directory) && has_copy(files, directory.parent_path()))
        directory = directory.parent_path();
    if (files.exists(directory / manifest_name)) return directory;
    if (files.exists(directory / unfinished_name))
        fail(Code::invalid_state, "the export in {} is not complete", directory.string());
    fail(Code::no_file, "there is no exported initial copy in {}: it has no {}", given.string(),
         manifest_name);
}

}  // namespace

ImportedCopy::ImportedCopy(sys::Files& files, const sys::Path& directory)
    : files_(files), directory_(find_copy(files, directory)) {
    const Bytes content = sys::read_file(files, directory_ / manifest_name, manifest_bytes_max);
    manifest_ = manifest_from_text({reinterpret_cast<const char*>(content.data()), content.size()});
    for (const Manifest::Disk& disk : manifest_.disks) {
        const std::uint64_t size = open(disk)->size_bytes();
        if (size != disk.shape.size_bytes)
            fail(Code::corrupt, "{} has {} bytes, and {} were exported: copy it again",
                 path_of(disk).string(), size, disk.shape.size_bytes);
    }
}

sys::Path ImportedCopy::path_of(const Manifest::Disk& disk) const {
    return directory_ / disk.directory / disk.file;
}

std::unique_ptr<sys::File> ImportedCopy::open(const Manifest::Disk& disk) const {
    return look_for([&] { return files_.open(path_of(disk), sys::OpenMode::read); });
}

std::uint64_t ImportedCopy::size_bytes() const {
    std::uint64_t bytes = 0;
    for (const Manifest::Disk& disk : manifest_.disks) bytes += disk.shape.size_bytes;
    return bytes;
}

std::unique_ptr<point::Source> ImportedCopy::source(std::uint32_t disk) const {
    const Manifest::Disk& entry = manifest_.disks.at(disk);
    return std::make_unique<CopiedDisk>(open(entry), path_of(entry), disk, entry);
}

}  // namespace reviver::medium
