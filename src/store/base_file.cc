#include "store/base_file.h"

#include "base/checksum.h"
#include "base/error.h"
#include "store/limits.h"
#include "store/names.h"

#include <algorithm>
#include <vector>

namespace reviver::store {
namespace {

constexpr std::string_view sums_magic = "RVRSUMS1";
constexpr std::uint64_t sums_header_bytes = 4096;
// Offsets in the header of base.sums; little-endian.
constexpr std::size_t at_block_bytes = 8, at_collection = 16, at_vm = 32, at_target = 48,
                      at_digest = 80;
static_assert(at_target + target_length_max == at_digest);

Bytes encode_header(const BaseFile::Owner& owner) {
    Bytes bytes(sums_header_bytes);
    std::memcpy(bytes.data(), sums_magic.data(), sums_magic.size());
    store_le<std::uint64_t>(&bytes[at_block_bytes], base_block_bytes);
    std::memcpy(&bytes[at_collection], owner.collection.uuid().bytes().data(), 16);
    std::memcpy(&bytes[at_vm], owner.disk.vm.uuid().bytes().data(), 16);
    std::memcpy(&bytes[at_target], owner.disk.target.data(), owner.disk.target.size());
    store_le(&bytes[at_digest], xxh3(ByteView(bytes).first(at_digest)));
    return bytes;
}

std::uint64_t sum_of(ByteView block) {
    return all_zero(block) ? 0 : std::max<std::uint64_t>(1, xxh3(block));
}

std::uint64_t place_of(std::uint64_t block) {
    return sums_header_bytes + block * 8;
}

}  // namespace

BaseFile::BaseFile(sys::Files& files, const sys::Path& directory, const Owner& owner, Life life) {
    const auto mode = life == Life::unborn ? sys::OpenMode::create : sys::OpenMode::write;
    base_ = files.open(directory / base_name(), mode);
    sums_ = files.open(directory / sums_name(), mode);
    // Their names too, before a mark relies on what is in them.
    if (life == Life::unborn) files.sync_directory(directory);
    size_bytes_ = base_->size_bytes();
    if (has_header(owner)) return;
    if (life == Life::born)
        fail(Code::corrupt, "the base of {} has the checksums of another disk or damaged ones",
             owner.disk.text());
    sums_->write_at(0, encode_header(owner));
}

bool BaseFile::has_header(const Owner& owner) {
    Bytes found(sums_header_bytes);
    return sums_->read_at(0, found) == found.size() && found == encode_header(owner);
}

std::uint64_t BaseFile::blocks() const {
    return (size_bytes_ + base_block_bytes - 1) / base_block_bytes;
}

Range BaseFile::block_range(std::uint64_t block) const {
    const std::uint64_t offset = block * base_block_bytes;
    return {offset, std::min(base_block_bytes, size_bytes_ - offset)};
}

// The last block may get longer or shorter, which changes its checksum though nobody wrote to it.
void BaseFile::resize(std::uint64_t size_bytes) {
    if (size_bytes == size_bytes_) return;
    mark_edge(std::min(size_bytes, size_bytes_));
    base_->resize(size_bytes);
    size_bytes_ = size_bytes;
    written_.erase(written_.lower_bound(blocks()), written_.end());
    // Cut first, so that the checksums of blocks that are cut off do not come back when the disk
    // grows again.
    sums_->resize(std::min(sums_->size_bytes(), place_of(blocks())));
    sums_->resize(place_of(blocks()));
}

// A block that a range begins or ends within has to be read for its checksum.
void BaseFile::mark_edge(std::uint64_t offset) {
    if (offset % base_block_bytes != 0) written_[offset / base_block_bytes] = std::nullopt;
}

void BaseFile::write(std::uint64_t offset, ByteView data) {
    base_->write_at(offset, data);
    const std::uint64_t end = offset + data.size();
    mark_edge(offset);
    if (end != size_bytes_) mark_edge(end);
    for (std::uint64_t at = align_up(offset, base_block_bytes); at < end; at += base_block_bytes) {
        const Range block = block_range(at / base_block_bytes);
        if (block.end() > end) break;
        written_[at / base_block_bytes] = sum_of(data.subspan(at - offset, block.length));
    }
}

void BaseFile::zero(Range range) {
    base_->punch(range);
    mark_edge(range.offset);
    if (range.end() != size_bytes_) mark_edge(range.end());
    const std::uint64_t first = align_up(range.offset, base_block_bytes) / base_block_bytes;
    const std::uint64_t last =
        range.end() == size_bytes_ ? blocks() : range.end() / base_block_bytes;
    if (first >= last) return;
    written_.erase(written_.lower_bound(first), written_.lower_bound(last));
    sums_->punch({place_of(first), (last - first) * 8});
}

std::uint64_t BaseFile::sum_of_block(std::uint64_t block) {
    const Range range = block_range(block);
    Bytes content(range.length);
    base_->read_exactly(range.offset, content);
    return sum_of(content);
}

void BaseFile::flush() {
    base_->sync();
    // Neighbours go out in one write.
    Bytes run;
    std::uint64_t run_first = 0;
    const auto write_run = [&] {
        if (!run.empty()) sums_->write_at(place_of(run_first), run);
        run.clear();
    };
    for (const auto& [block, sum] : written_) {
        if (run.empty() || run_first + run.size() / 8 != block) {
            write_run();
            run_first = block;
        }
        run.resize(run.size() + 8);
        store_le(&run[run.size() - 8], sum ? *sum : sum_of_block(block));
    }
    write_run();
    sums_->sync();
    written_.clear();
}

void BaseFile::recompute() {
    sums_->punch({sums_header_bytes, blocks() * 8});
    written_.clear();
    for (const Extent& extent : base_->extents({0, size_bytes_})) {
        if (extent.content == Content::zero) continue;
        const std::uint64_t end = (extent.end() + base_block_bytes - 1) / base_block_bytes;
        for (std::uint64_t block = extent.offset / base_block_bytes; block < end; ++block) {
            written_[block] = sum_of_block(block);
            if (written_.size() == sync_every_bytes / base_block_bytes) flush();
        }
    }
    flush();
}

std::uint64_t BaseFile::stored_sum(std::uint64_t block) {
    std::byte bytes[8] = {};
    sums_->read_exactly(place_of(block), bytes);
    return load_le<std::uint64_t>(bytes);
}

bool BaseFile::intact(std::uint64_t block) {
    return sum_of_block(block) == stored_sum(block);
}

}  // namespace reviver::store
