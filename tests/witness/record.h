// What the witness writes to its disks and passes between its guests; shared by the guest program
// and the checker.
//
// A group of guests writes numbered records. Only one guest at a time holds the token, and it
// passes the token on after its record is durable, so record n+1 is issued after record n was
// acknowledged, wherever in the group either of them lies. Any consistent cut of the group
// therefore holds records 1..N for some N and nothing later.
//
// A record also carries the chain values of its predecessors. They identify a history: when a group
// is recovered from a point and goes on from there, its records have the numbers of the lost ones
// but other chain values, so a disk that keeps records of an abandoned history among those of the
// present one is found.
//
// All structures are little-endian and used on little-endian machines only.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace reviver::witness {

static_assert(std::endian::native == std::endian::little);

constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kBlockBytes = 4096;
constexpr std::uint32_t kGuestsMax = 16;
constexpr std::uint32_t kDisksMax = 4;
constexpr std::uint32_t kSlotsMax = 65536;
constexpr std::size_t kGroupNameBytes = 32;

constexpr char kDiskMagic[8] = {'R', 'V', 'W', 'I', 'T', 'D', 'S', 'K'};
constexpr char kRecordMagic[8] = {'R', 'V', 'W', 'I', 'T', 'R', 'E', 'C'};
constexpr char kMarkMagic[8] = {'R', 'V', 'W', 'I', 'T', 'Q', 'U', 'I'};
constexpr char kTokenMagic[8] = {'R', 'V', 'W', 'I', 'T', 'T', 'O', 'K'};

// Which guest, of how many, and which of its disks.
struct Place {
    std::uint32_t guests;
    std::uint32_t vm;  // 0 .. guests-1
    std::uint32_t disks;
    std::uint32_t disk;  // 0 .. disks-1
};

// The first block of every disk; written once, before the guest takes part in the ring.
struct DiskHeader {
    char magic[8];
    std::uint32_t version;
    std::uint32_t crc;  // CRC-32C of the block with this field zero
    char group[kGroupNameBytes];
    Place place;
    std::uint32_t slots;  // a power of two
    std::uint32_t slot_spacing_bytes;
    std::uint64_t size_bytes;
    std::uint32_t
        parts;  // of a disk that the guests share: as many, each guest's like a disk; else 0
    std::byte unused[kBlockBytes - 84];
};
static_assert(sizeof(DiskHeader) == kBlockBytes);

struct Record {
    char magic[8];
    std::uint32_t version;
    std::uint32_t crc;  // CRC-32C of the block with this field zero
    char group[kGroupNameBytes];
    Place place;
    std::uint64_t number;  // from 1
    std::uint64_t nonce;   // new for every record; the filling is made from it
    std::int64_t written_at_ns;
    std::uint32_t boot;  // how often this guest has booted, counted in its own records
    std::uint32_t unused;
    std::uint64_t chain[kGuestsMax];  // chain[k] is the chain value of record number-k
    std::byte filling[kBlockBytes - 224];
};
static_assert(sizeof(Record) == kBlockBytes);

// The second block of every disk of a guest that was quiesced by its agent's hook: written before
// the freeze, and again, with `quiesced` 0, before the first record after the thaw.
struct QuiesceMark {
    char magic[8];
    std::uint32_t version;
    std::uint32_t crc;  // CRC-32C of the block with this field zero
    char group[kGroupNameBytes];
    Place place;
    std::uint64_t last_record;  // of this guest, when the mark was written
    std::uint64_t count;        // of this guest's marks since it booted
    std::uint32_t quiesced;     // 0 or 1
    std::uint32_t unused;
    std::byte filling[kBlockBytes - 88];
};
static_assert(sizeof(QuiesceMark) == kBlockBytes);
constexpr std::uint64_t kMarkOffset = kBlockBytes;

// "You may write record `number`." Sent to the next guest of the ring, and again until the ring
// goes on.
struct Token {
    char magic[8];
    std::uint32_t version;
    std::uint32_t crc;  // CRC-32C of the token with this field zero
    char group[kGroupNameBytes];
    std::uint64_t number;
    std::uint64_t chain[kGuestsMax];  // chain[k] is the chain value of record number-1-k
};
static_assert(sizeof(Token) == 184);

std::uint32_t crc32c(const void* bytes, std::size_t size);

// Sets or checks the crc field of one of the structures above.
template <class T>
void seal(T& block) {
    block.crc = 0;
    block.crc = crc32c(&block, sizeof(block));
}
template <class T>
bool sealed(T block) {
    const std::uint32_t crc = block.crc;
    block.crc = 0;
    return crc32c(&block, sizeof(block)) == crc;
}

std::uint64_t mix(std::uint64_t value);

// The chain value of a record from its predecessor's; that of "record 0" is 0.
inline std::uint64_t chain_value(std::uint64_t previous, std::uint64_t number,
                                 std::uint64_t nonce) {
    return mix(previous ^ mix(number ^ mix(nonce)));
}

// Data that does not compress, the same for the same nonce.
void fill(Record& record);

}  // namespace reviver::witness
