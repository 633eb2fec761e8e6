// What the frames say, as the types of the project: encoding to and decoding from the message (and
// payload) of a frame. Pure functions. Decoding answers anything that does not parse, is incomplete
// or breaks a limit with Error protocol.
//
// Source: wire.proto; docs/formats/wire.md.
#pragma once

#include "base/error.h"
#include "point/point.h"
#include "wire/identity.h"

#include <optional>
#include <string>
#include <vector>

namespace reviver::wire {

struct Hello {
    std::uint32_t version_min = 0;
    std::uint32_t version_max = 0;
    Site site;
    std::uint64_t window_bytes = 0;
};
std::string encode(const Hello& hello);
Hello decode_hello(ByteView message);

std::string encode(const Error& error);  // text cut off at text_bytes_max
Error decode_failure(ByteView message);  // an unknown code becomes Code::failed

std::string encode_call(const std::string& method);
std::string decode_call(ByteView message);

std::string encode(const point::ReceiveHeader& header);
point::ReceiveHeader decode_open(ByteView message);

std::string encode(const point::ReceiveState& state);
point::ReceiveState decode_opened(ByteView message, std::size_t disks);

// A chunk without its bytes.
struct ChunkMessage {
    std::uint32_t disk = 0;
    std::vector<Extent> extents;
    std::uint32_t data_bytes = 0;  // uncompressed, when the payload is compressed; else 0
};
std::string encode(const point::Chunk& chunk, std::uint32_t data_bytes);
ChunkMessage decode_chunk(ByteView message);

struct CutMessage {
    std::string message;
    Bytes payload;
};
CutMessage encode(const point::CutHeader& cut);
point::CutHeader decode_cut(ByteView message, ByteView payload);

std::string encode_cut_begun(std::uint64_t chunks);
std::uint64_t decode_cut_begun(ByteView message);

struct CompareQuestion {
    std::uint32_t disk = 0;
    std::uint64_t first_group = 0;
    std::vector<Hash> groups;
};
std::string encode(const CompareQuestion& question);
CompareQuestion decode_compare(ByteView message);

std::string encode(const point::CompareAnswer& answer);
// `first_group` and `groups` are those of the question: an answer about others is refused.
point::CompareAnswer decode_compared(ByteView message, std::uint64_t first_group,
                                     std::size_t groups);

std::string encode(const point::CutTrailer& trailer);
point::CutTrailer decode_commit(ByteView message);

}  // namespace reviver::wire
