// A primary in memory: disks as bytes, what changed since the last point, and the copies of every
// point to compare with.
#pragma once

#include "base/error.h"
#include "point/copy.h"
#include "point/image.h"
#include "store/stack.h"
#include "store/store.h"
#include "store/store_test_support.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace reviver::store {

// Opens raw files, and nothing else.
class RawOpener : public point::ImageOpener {
  public:
    explicit RawOpener(sys::Files& files) : files_(files) {}
    std::unique_ptr<point::Image> open(const sys::Path& path, const std::string&) override {
        return std::make_unique<RawImage>(files_.open(path, sys::OpenMode::read));
    }

  private:
    sys::Files& files_;
};

class Feeder {
  public:
    using Content = std::map<DiskKey, Bytes>;

    explicit Feeder(const std::vector<DiskShape>& shapes) {
        for (const DiskShape& shape : shapes)
            disks_.push_back({shape.key, Bytes(shape.size_bytes), {}});
    }

    const DiskKey& key(std::size_t disk) const { return disks_[disk].key; }
    const Bytes& content(std::size_t disk) const { return disks_[disk].content; }
    const RangeSet& changed(std::size_t disk) const { return disks_[disk].dirty; }
    std::uint64_t size(std::size_t disk) const { return disks_[disk].content.size(); }
    const Content& at(Sequence sequence) const { return points_.at(sequence); }
    static std::vector<VmDefinition> vms() {
        return {{test_vm(), "guest", "<domain type='qemu'><name>guest</name></domain>"}};
    }

    void set_content(std::size_t disk, Bytes content) { disks_[disk].content = std::move(content); }
    // Data, with every fourth stretch of 100 KiB left as zeros.
    void randomize(std::uint64_t seed) {
        for (Disk& disk : disks_) {
            disk.content = random_bytes(seed, disk.content.size());
            for (std::size_t at = 0; at < disk.content.size(); at += 400 << 10) {
                const std::size_t length =
                    std::min<std::size_t>(100 << 10, disk.content.size() - at);
                std::fill_n(disk.content.begin() + static_cast<std::ptrdiff_t>(at), length,
                            std::byte{0});
            }
        }
    }
    // Writes data or zeros at random places, aligned to 4 KiB for most, to anything for some.
    void change(std::uint64_t seed, std::size_t count) {
        std::mt19937_64 random(seed);
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t index = random() % disks_.size();
            const std::uint64_t unit = random() % 4 == 0 ? 512 : 4096;
            const std::uint64_t offset = align_down(random() % size(index), unit);
            const std::uint64_t length = std::min(size(index) - offset, (1 + random() % 40) * unit);
            overwrite(index, {offset, length}, random() % 3 == 0 ? 0 : random() | 1);
        }
    }
    // Seed 0: zeros.
    void overwrite(std::size_t index, Range range, std::uint64_t seed) {
        Disk& disk = disks_[index];
        const Bytes data = seed == 0 ? Bytes(range.length) : random_bytes(seed, range.length);
        std::ranges::copy(data, disk.content.begin() + static_cast<std::ptrdiff_t>(range.offset));
        disk.dirty.add(range);
    }
    void resize(std::size_t index, std::uint64_t size_bytes) {
        Disk& disk = disks_[index];
        disk.content.resize(size_bytes);
        RangeSet inside = disk.dirty.intersection({0, size_bytes});
        disk.dirty = inside;
    }

    point::ReceiveHeader header(Sequence sequence, Sequence parent, point::Bulk bulk) {
        point::ReceiveHeader header;
        header.id = ReceiveId(next_id());
        header.collection = test_collection();
        header.epoch = {3};
        header.sequence = sequence;
        header.parent = parent;
        for (const Disk& disk : disks_)
            header.disks.push_back({{disk.key, disk.content.size()}, bulk});
        return header;
    }
    point::CutHeader cut() {
        point::CutHeader cut;
        cut.id = CutId(next_id());
        cut.time = sys::WallTime(std::chrono::hours(1000) + std::chrono::minutes(++minute_));
        cut.vms = vms();
        return cut;
    }
    PointInfo info(Sequence sequence) {
        PointInfo info;
        info.sequence = sequence;
        info.epoch = {3};
        info.cut = CutId(*Uuid::parse("00000000-0000-4000-8000-0000000000ff"));
        info.kind = PointKind::tail;
        for (const Disk& disk : disks_) info.disks.push_back({disk.key, disk.content.size()});
        info.vms = vms();
        note_point(sequence);
        return info;
    }

    // A part of a disk as bulk, zeros as zeros.
    void write_data(point::Sink& sink, std::uint32_t disk, Range range) {
        for (std::uint64_t at = range.offset; at < range.end(); at += 1 << 20)
            write_piece(sink, disk, {at, std::min<std::uint64_t>(1 << 20, range.end() - at)});
    }
    // Compares all of a disk and sends what differs; answers how many bytes that were.
    std::uint64_t compare(point::Sink& sink, std::uint32_t disk);
    // What changed of a disk, from the `first`th chunk on, at most `count` of them.
    void write_changes(point::Sink& sink, std::uint32_t disk, std::size_t first,
                       std::size_t count) {
        const auto ranges = disks_[disk].dirty.ranges();
        for (std::size_t i = first; i < ranges.size() && i < first + count; ++i)
            write_piece(sink, disk, ranges[i]);
    }
    // All changes as one cut, committed; the disks are then remembered as this point.
    void cut_and_commit(point::Sink& sink, Sequence sequence) {
        digest_ = {};
        sink.begin_cut(cut());
        for (std::uint32_t disk = 0; disk < disks_.size(); ++disk)
            write_changes(sink, disk, 0, ~std::size_t{0} >> 1);
        sink.commit(digest_.trailer());
        note_point(sequence);
    }
    point::ReceiveHeader full(Store& store, Sequence sequence) {
        const auto sink = store.receive();
        const auto begun = header(sequence, {}, point::Bulk::full);
        sink->open(begun);
        for (std::uint32_t disk = 0; disk < disks_.size(); ++disk)
            write_data(*sink, disk, {0, size(disk)});
        cut_and_commit(*sink, sequence);
        return begun;
    }
    point::ReceiveHeader delta(Store& store, Sequence sequence,
                               std::optional<Sequence> parent = {}) {
        const auto sink = store.receive();
        const auto begun =
            header(sequence, parent ? *parent : points_.rbegin()->first, point::Bulk::none);
        sink->open(begun);
        cut_and_commit(*sink, sequence);
        return begun;
    }

  private:
    struct Disk {
        DiskKey key;
        Bytes content;
        RangeSet dirty;
    };

    // No two feeders give the same.
    static Uuid next_id() {
        static std::uint32_t ids = 0;
        std::array<std::uint8_t, 16> bytes{1};
        ++ids;
        std::memcpy(bytes.data() + 12, &ids, sizeof(ids));
        return Uuid(bytes);
    }
    void note_point(Sequence sequence) {
        Content content;
        for (Disk& disk : disks_) {
            content[disk.key] = disk.content;
            disk.dirty = {};
        }
        points_[sequence] = std::move(content);
    }
    void write_piece(point::Sink& sink, std::uint32_t disk, Range range) {
        const ByteView data = ByteView(content(disk)).subspan(range.offset, range.length);
        point::Chunk chunk;
        chunk.disk = disk;
        const bool zeros = all_zero(data);
        chunk.extents = {
            {range.offset, range.length, zeros ? reviver::Content::zero : reviver::Content::data}};
        if (!zeros) chunk.payload = data;
        sink.write(chunk);
        digest_.add(point::checksum_of(chunk));
    }

    std::vector<Disk> disks_;
    std::map<Sequence, Content> points_;
    point::CutDigest digest_;
    int minute_ = 0;
};

inline std::uint64_t Feeder::compare(point::Sink& sink, std::uint32_t disk) {
    std::vector<Hash> blocks;
    for (std::uint64_t at = 0; at < size(disk); at += point::compare_block)
        blocks.push_back(sha256(
            ByteView(content(disk)).subspan(at, std::min(point::compare_block, size(disk) - at))));
    std::vector<Hash> groups;
    for (std::size_t at = 0; at < blocks.size(); at += point::compare_group_blocks) {
        const std::size_t count =
            std::min<std::size_t>(point::compare_group_blocks, blocks.size() - at);
        groups.push_back(sha256(ByteView(blocks[at].data(), count * sizeof(Hash))));
    }
    std::uint64_t sent = 0;
    for (const auto& group : sink.compare(disk, 0, groups).differing)
        for (std::size_t i = 0; i < group.blocks.size(); ++i) {
            const std::size_t block = group.index * point::compare_group_blocks + i;
            if (group.blocks[i] == blocks[block]) continue;
            const std::uint64_t offset = block * point::compare_block;
            const std::uint64_t length = std::min(point::compare_block, size(disk) - offset);
            write_piece(sink, disk, {offset, length});
            sent += length;
        }
    return sent;
}

}  // namespace reviver::store
