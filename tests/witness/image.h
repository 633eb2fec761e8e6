// A disk image of the witness, read block by block and sorted into what it can be.
#pragma once

#include "witness/record.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace reviver::witness {

enum class Found : std::uint8_t {
    nothing,  // all zero
    record,
    garbage,  // neither: a torn or altered block
};

struct Slot {
    Found found = Found::nothing;
    Record record{};  // valid with Found::record
};

struct Image {
    std::filesystem::path path;
    Found header_found = Found::nothing;  // `record` stands for a header that is right
    DiskHeader header{};
    bool marked = false;  // `mark` is right
    QuiesceMark mark{};
    std::vector<Slot> slots;  // by slot number; empty without a header
};

// One, or of a disk that the guests share one for each part. Throws Error when the file cannot be
// read or is shorter than its header says.
std::vector<Image> read_images(const std::filesystem::path& path);

}  // namespace reviver::witness
