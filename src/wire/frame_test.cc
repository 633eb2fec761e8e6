#include "wire/frame.h"

#include "wire/limits.h"
#include "wire/test_sites.h"

#include <gmock/gmock.h>

namespace reviver::wire {
namespace {

FrameHeader call_header() {
    FrameHeader header;
    header.type = FrameType::call;
    header.number = 0x0102030405060708;
    header.message_bytes = 9;
    header.payload_bytes = 0x1234;
    header.message_checksum = 0x1112131415161718;
    header.payload_checksum = 0x2122232425262728;
    return header;
}

// Changes a byte and makes the header's own checksum right again.
FrameHeaderBytes altered(std::size_t at, std::uint8_t value) {
    FrameHeaderBytes bytes = encode(call_header());
    bytes[at] = std::byte{value};
    store_le<std::uint64_t>(&bytes[40], xxh3(ByteView(bytes).first(40)));
    return bytes;
}

// The example of docs/formats/wire.md. A change here breaks every released peer.
TEST(Frame, header_is_these_bytes) {
    EXPECT_EQ(to_hex(encode(call_header())),
              "52564952"
              "01"
              "04"
              "0000"
              "0807060504030201"
              "09000000"
              "34120000"
              "1817161514131211"
              "2827262524232221"
              "d8a9d6b101f70044");
}

TEST(Frame, header_comes_back) {
    EXPECT_EQ(decode_header(encode(call_header()), request_frames), call_header());
    FrameHeader chunk = call_header();
    chunk.type = FrameType::chunk;
    chunk.flags = flag_compressed;
    EXPECT_EQ(decode_header(encode(chunk), request_frames), chunk);
}

TEST(Frame, every_flipped_bit_is_found) {
    for (std::size_t bit = 0; bit < frame_header_bytes * 8; ++bit) {
        FrameHeaderBytes bytes = encode(call_header());
        bytes[bit / 8] ^= std::byte(1 << bit % 8);
        const auto error = error_of([&] { decode_header(bytes, request_frames); });
        ASSERT_TRUE(error.has_value()) << bit;
        EXPECT_EQ(error->code(), bit < 32 ? Code::protocol : Code::corrupt) << bit;
    }
}

TEST(Frame, what_a_header_may_not_say_is_refused) {
    EXPECT_FAILS(Code::protocol, "not expected", decode_header(altered(4, 2), request_frames));
    EXPECT_FAILS(Code::protocol, "not expected", decode_header(altered(5, 63), request_frames));
    EXPECT_FAILS(Code::protocol, "not expected", decode_header(altered(5, 255), request_frames));
    EXPECT_FAILS(Code::protocol, "unknown flags", decode_header(altered(6, 1), request_frames));
    EXPECT_FAILS(Code::protocol, "not expected", decode_header(altered(5, 5), request_frames));
    EXPECT_FAILS(Code::protocol, "larger", decode_header(altered(18, 1), request_frames));
    EXPECT_FAILS(Code::protocol, "larger", decode_header(altered(23, 255), request_frames));
}

TEST(Frame, limits_of_a_chunk_are_reached_and_not_passed) {
    FrameHeader chunk;
    chunk.type = FrameType::chunk;
    chunk.message_bytes = chunk_message_max;
    chunk.payload_bytes = point::chunk_payload_max;
    EXPECT_EQ(decode_header(encode(chunk), request_frames), chunk);
    ++chunk.payload_bytes;
    EXPECT_FAILS(Code::invalid_parameter, "larger", encode(chunk));
    --chunk.payload_bytes;
    ++chunk.message_bytes;
    EXPECT_FAILS(Code::invalid_parameter, "larger", encode(chunk));
}

TEST(Frame, strangers_get_no_more_than_a_hello) {
    for (int type = 0; type < 256; ++type) {
        const bool greeting = type == 1 || type == 2;
        EXPECT_EQ(greeting_frames.contains(static_cast<FrameType>(type & 63)) && type < 64,
                  greeting && type < 64);
    }
    FrameHeader hello;
    hello.type = FrameType::hello;
    hello.message_bytes = hello_bytes_max + 1;
    EXPECT_FAILS(Code::invalid_parameter, "larger", encode(hello));
}

}  // namespace
}  // namespace reviver::wire
