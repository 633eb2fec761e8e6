#include "wire/frame.h"

#include "base/checksum.h"
#include "base/error.h"
#include "wire/limits.h"

namespace reviver::wire {

namespace {

constexpr std::uint32_t magic = 0x52495652;  // "RVIR"
constexpr std::byte layout{1};
constexpr std::size_t checked_bytes = frame_header_bytes - 8;

struct Limits {
    std::size_t message_bytes = 0;
    std::size_t payload_bytes = 0;
};

Limits limits_of(FrameType type) {
    switch (type) {
        case FrameType::hello:
            return {hello_bytes_max, 0};
        case FrameType::refusal:
        case FrameType::failure:
            return {text_bytes_max + 64, 0};
        case FrameType::alive:
        case FrameType::written:
        case FrameType::committed:
            return {0, 0};
        case FrameType::call:
            return {name_bytes_max + 16, body_bytes_max};
        case FrameType::answer:
            return {0, body_bytes_max};
        case FrameType::open:
            return {open_bytes_max, 0};
        case FrameType::opened:
            return {point::disks_max * 10 + 64, 0};
        case FrameType::chunk:
            return {chunk_message_max, point::chunk_payload_max};
        case FrameType::begin_cut:
            return {256, definitions_bytes_max};
        case FrameType::cut_begun:
            return {64, 0};
        case FrameType::compare:
            return {compare_bytes_max, 0};
        case FrameType::compared:
            return {compared_bytes_max, 0};
        case FrameType::commit:
            return {64, 0};
    }
    return {};
}

void check_lengths(const FrameHeader& header, Code code) {
    const Limits limits = limits_of(header.type);
    if (header.message_bytes > limits.message_bytes ||
        header.payload_bytes > limits.payload_bytes) {
        fail(code, "a frame of type {} with {} + {} bytes is larger than {} + {}",
             static_cast<int>(header.type), header.message_bytes, header.payload_bytes,
             limits.message_bytes, limits.payload_bytes);
    }
    const std::uint16_t known = header.type == FrameType::chunk ? flag_compressed : 0;
    if ((header.flags & ~known) != 0) {
        fail(code, "a frame of type {} has unknown flags {:#x}", static_cast<int>(header.type),
             header.flags);
    }
}

}  // namespace

std::size_t FrameHeader::frame_bytes() const {
    return frame_header_bytes + message_bytes + payload_bytes;
}

FrameHeaderBytes encode(const FrameHeader& header) {
    check_lengths(header, Code::invalid_parameter);
    FrameHeaderBytes bytes;
    store_le<std::uint32_t>(&bytes[0], magic);
    bytes[4] = layout;
    bytes[5] = static_cast<std::byte>(header.type);
    store_le<std::uint16_t>(&bytes[6], header.flags);
    store_le<std::uint64_t>(&bytes[8], header.number);
    store_le<std::uint32_t>(&bytes[16], header.message_bytes);
    store_le<std::uint32_t>(&bytes[20], header.payload_bytes);
    store_le<std::uint64_t>(&bytes[24], header.message_checksum);
    store_le<std::uint64_t>(&bytes[32], header.payload_checksum);
    store_le<std::uint64_t>(&bytes[40], xxh3(ByteView(bytes).first(checked_bytes)));
    return bytes;
}

FrameHeader decode_header(const FrameHeaderBytes& bytes, FrameSet allowed) {
    if (load_le<std::uint32_t>(&bytes[0]) != magic) {
        fail(Code::protocol, "the other end does not speak the Reviver protocol");
    }
    if (load_le<std::uint64_t>(&bytes[40]) != xxh3(ByteView(bytes).first(checked_bytes))) {
        fail(Code::corrupt, "the header of a frame has a wrong checksum");
    }
    const auto type = std::to_integer<unsigned>(bytes[5]);
    if (bytes[4] != layout || type >= 64 || !allowed.contains(static_cast<FrameType>(type))) {
        fail(Code::protocol, "a frame of type {} (layout {}) is not expected here", type,
             std::to_integer<unsigned>(bytes[4]));
    }
    FrameHeader header;
    header.type = static_cast<FrameType>(type);
    header.flags = load_le<std::uint16_t>(&bytes[6]);
    header.number = load_le<std::uint64_t>(&bytes[8]);
    header.message_bytes = load_le<std::uint32_t>(&bytes[16]);
    header.payload_bytes = load_le<std::uint32_t>(&bytes[20]);
    header.message_checksum = load_le<std::uint64_t>(&bytes[24]);
    header.payload_checksum = load_le<std::uint64_t>(&bytes[32]);
    check_lengths(header, Code::protocol);
    return header;
}

}  // namespace reviver::wire
