// The unit of the protocol. Every frame is a fixed header, a message (protobuf, wire.proto) and a
// payload (raw bytes), one after the other; docs/formats/wire.md draws every byte. This file knows
// sizes and checksums, messages.h knows meanings.
//
// A header is believed only when its own checksum is right and every length in it is within the
// limits of its type, so nothing is allocated on the word of a stranger or of a flipped bit.
#pragma once

#include "base/bytes.h"

#include <array>
#include <cstdint>
#include <initializer_list>

namespace reviver::wire {

// The numbers are on the wire: never reuse one.
enum class FrameType : std::uint8_t {
    hello = 1,       // both ways, first
    refusal = 2,     // why the connection ends now
    alive = 3,       // nothing else to say
    call = 4,        // -> method; payload: body
    answer = 5,      // <- payload: body
    failure = 6,     // <- instead of the answer to a request, or for a chunk
    open = 16,       // -> begins or continues a receive
    opened = 17,     // <-
    chunk = 18,      // -> payload: data
    written = 19,    // <- this chunk and all before it
    begin_cut = 20,  // -> payload: VM definitions
    cut_begun = 21,  // <-
    compare = 22,    // ->
    compared = 23,   // <-
    commit = 24,     // ->
    committed = 25,  // <-
};

constexpr std::uint16_t flag_compressed = 1;  // of a chunk: its payload is one zstd frame

struct FrameHeader {
    FrameType type = FrameType::alive;
    std::uint16_t flags = 0;
    // Counts the requests of a connection from 1; an answer carries the number of what it answers,
    // other frames 0.
    std::uint64_t number = 0;
    std::uint32_t message_bytes = 0;
    std::uint32_t payload_bytes = 0;
    std::uint64_t message_checksum = 0;  // XXH3
    // Of a chunk: point::checksum_of what it says, uncompressed. Otherwise XXH3 of the payload.
    std::uint64_t payload_checksum = 0;
    bool operator==(const FrameHeader&) const = default;

    std::size_t frame_bytes() const;  // with the header itself
};

constexpr std::size_t frame_header_bytes = 48;
using FrameHeaderBytes = std::array<std::byte, frame_header_bytes>;

// Which types may come now.
class FrameSet {
  public:
    constexpr FrameSet(std::initializer_list<FrameType> types) {
        for (const FrameType type : types) bits_ |= 1ull << static_cast<unsigned>(type);
    }
    constexpr bool contains(FrameType type) const {
        return (bits_ >> static_cast<unsigned>(type) & 1) != 0;
    }

  private:
    std::uint64_t bits_ = 0;
};

constexpr FrameSet greeting_frames = {FrameType::hello, FrameType::refusal};
constexpr FrameSet request_frames = {FrameType::alive, FrameType::call,      FrameType::open,
                                     FrameType::chunk, FrameType::begin_cut, FrameType::compare,
                                     FrameType::commit};
constexpr FrameSet answer_frames = {
    FrameType::alive,     FrameType::refusal,  FrameType::answer,
    FrameType::failure,   FrameType::opened,   FrameType::written,
    FrameType::cut_begun, FrameType::compared, FrameType::committed};

// Error invalid_parameter when what is to be sent is over the limits of its type.
FrameHeaderBytes encode(const FrameHeader& header);
// Error protocol for anything that is not a frame of `allowed` within its limits, corrupt for a
// wrong checksum.
FrameHeader decode_header(const FrameHeaderBytes& bytes, FrameSet allowed);

}  // namespace reviver::wire
