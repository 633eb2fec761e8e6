#include "witness/image.h"

#include "base/bytes.h"
#include "base/error.h"
#include "witness/layout.h"

#include <cerrno>
#include <cstring>
#include <fstream>

namespace reviver::witness {
namespace {

template <class T>
T read_block(std::ifstream& file, const std::filesystem::path& path, std::uint64_t offset) {
    T block{};
    file.seekg(static_cast<std::streamoff>(offset));
    file.read(reinterpret_cast<char*>(&block), sizeof(block));
    if (!file)
        fail(Code::failed, "cannot read {} at {}: is it a whole raw image?", path.string(), offset);
    return block;
}

template <class T>
Found sort(const T& block, const char (&magic)[8]) {
    if (all_zero({reinterpret_cast<const std::byte*>(&block), sizeof(block)}))
        return Found::nothing;
    const bool right = std::memcmp(block.magic, magic, sizeof(magic)) == 0 &&
                       block.version == kVersion && sealed(block);
    return right ? Found::record : Found::garbage;
}

Image read_image(std::ifstream& file, const std::filesystem::path& path, std::uint64_t begin) {
    Image image;
    image.path = path;
    image.header = read_block<DiskHeader>(file, path, begin);
    image.header_found = sort(image.header, kDiskMagic);
    if (image.header_found == Found::record && !plausible(image.header)) {
        image.header_found = Found::garbage;
    }
    if (image.header_found != Found::record) return image;
    image.mark = read_block<QuiesceMark>(file, path, begin + kMarkOffset);
    image.marked = sort(image.mark, kMarkMagic) == Found::record;
    image.slots.resize(image.header.slots);
    for (std::uint32_t slot = 0; slot < image.header.slots; ++slot) {
        auto& into = image.slots[slot];
        into.record = read_block<Record>(file, path, begin + slot_offset(image.header, slot));
        into.found = sort(into.record, kRecordMagic);
    }
    return image;
}

}  // namespace

std::vector<Image> read_images(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) fail_errno(errno, "open " + path.string());
    std::vector<Image> images{read_image(file, path, 0)};
    const bool shared = images[0].header_found == Found::record && images[0].header.parts > 1 &&
                        images[0].header.parts == images[0].header.place.guests;
    const std::uint64_t part = images[0].header.size_bytes;
    for (std::uint32_t i = 1; shared && i < images[0].header.place.guests; ++i)
        images.push_back(read_image(file, path, i * part));
    return images;
}

}  // namespace reviver::witness
