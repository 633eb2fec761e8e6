// How the data of a point moves: a Source gives chunks, a Sink takes them, copy_chunks() joins the
// two. Capture, wire, store and the simulator are sources and sinks; the same verb does the initial
// copy, a cycle, a resynchronization and a reverse.
//
// A point is received in two stages:
//   bulk   what a disk needs before a delta makes sense: everything (full), or what a hash
//          compare found different (compare). It is read from a disk that goes on changing, so by
//          itself it is no consistent state.
//   cut    the group was held for a moment, and everything changed since the bulk began (or since
//          the parent point) follows.
// commit() makes bulk and cut together one point, for all disks of the group at once, durably.
//
// Why a broken attempt never harms: the bits that say what changed are given up only after commit()
// answered. So a later cut of the same receive always covers at least what an earlier, broken cut
// covered, and overwrites it.
#pragma once

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/extents.h"
#include "model/point.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace reviver::point {

constexpr std::uint64_t chunk_payload_max = 1 << 20;  // bytes
constexpr std::size_t chunk_extents_max = 1024;       // extents in one chunk
constexpr std::uint64_t compare_block = 64 << 10;     // bytes hashed to one Hash
constexpr std::uint64_t compare_group_blocks = 256;   // blocks under one group hash: 16 MiB
constexpr std::size_t disks_max = 1024;               // in one point
constexpr std::uint64_t disk_size_max = 1ull << 46;   // 64 TiB

// Extents of one disk, ascending, not overlapping, and the bytes of those with Content::data one
// after the other.
struct Chunk {
    std::uint32_t disk = 0;  // index into ReceiveHeader::disks
    std::vector<Extent> extents;
    ByteView payload;  // valid until the next call on whoever gave the chunk
};

// Of the extents and the payload; what both ends check.
std::uint64_t checksum_of(const Chunk& chunk);
// Error corrupt unless the chunk keeps the rules above and lies inside a disk of `size_bytes`.
void validate(const Chunk& chunk, std::uint64_t size_bytes);

enum class Bulk : std::uint8_t {
    none = 0,     // the parent point plus the delta is the disk
    full = 1,     // nothing is there: copy all
    compare = 2,  // something is there: copy what differs
};

struct ReceiveHeader {
    ReceiveId id;
    CollectionId collection;
    Epoch epoch;
    Sequence sequence;       // the point that this will become
    Sequence parent;         // the point that it builds on; 0 for the first
    bool compressed = true;  // a wish for the wire; sinks that are not remote ignore it
    struct Disk {
        DiskShape shape;
        Bulk bulk = Bulk::none;
        // Which copy, of Bulk::full: the same number as long as all that was copied under it is
        // still good, in whichever receive. A sink goes on with it there. 0: in this receive alone.
        std::uint64_t copy = 0;
    };
    std::vector<Disk> disks;
};

// Where to go on. `fresh` when the sink knew nothing of this receive, or lost what bulk_done does
// not name.
struct ReceiveState {
    bool fresh = true;
    // The point is already durable: skip everything, the answer to commit() is this.
    bool committed = false;
    std::vector<std::uint64_t>
        bulk_done;  // per disk, bytes from the start that are there (Bulk::full only)
};

struct CutHeader {
    CutId id;
    PointKind kind = PointKind::regular;
    Consistency consistency = Consistency::group_crash;
    sys::WallTime time;
    std::vector<VmDefinition> vms;
};

// Sent at the end of a cut: the number of its chunks, and XXH3 over their checksums (8 bytes
// little-endian each).
struct CutTrailer {
    std::uint64_t chunks = 0;
    std::uint64_t digest = 0;
};

struct CompareAnswer {
    // For each asked group that differs: its index, and the hashes of its blocks at the sink.
    struct Group {
        std::uint64_t index = 0;
        std::vector<Hash> blocks;
    };
    std::vector<Group> differing;
};

// Takes one point. Calls come from one task, in this order: open, (compare | write)*, begin_cut,
// write*, commit; after an error in the cut again from begin_cut, after any error from open, on
// this Sink or another one, with the same ReceiveId. What was written before a failed call stays;
// of a bulk that failed, or that goes on after a reconnection, the source has to send the rest
// before a cut makes sense.
class Sink {
  public:
    virtual ~Sink() = default;
    virtual ReceiveState open(const ReceiveHeader& header) = 0;
    // Answers how many chunks of this cut have arrived already: 0 unless the same CutId was begun
    // before.
    virtual std::uint64_t begin_cut(const CutHeader& cut) = 0;
    virtual void write(const Chunk& chunk) = 0;
    // Hashes of consecutive groups of one disk, from `first_group`; a group hash is sha256 over its
    // block hashes.
    virtual CompareAnswer compare(std::uint32_t disk, std::uint64_t first_group,
                                  const std::vector<Hash>& groups) = 0;
    // Returns when the point is durable. Repeating it after a lost answer is answered, not redone.
    virtual void commit(const CutTrailer& trailer) = 0;
};

// Gives the chunks of one stage in a fixed order: chunk i is the same chunk however often it is
// asked for.
class Source {
  public:
    virtual ~Source() = default;
    virtual void start_at(std::uint64_t chunk_index) = 0;
    virtual std::optional<Chunk> next() = 0;
    // Bytes of data (not zeros) still to come, for progress.
    virtual std::uint64_t bytes_left() const = 0;
};

}  // namespace reviver::point
