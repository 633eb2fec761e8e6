// The header of a frame between two sites, with the right checksum, as a site that lies would send
// it. What is accepted is what would have been written.
#include "wire/frame.h"

#include "base/checksum.h"
#include "fuzz_input.h"

#include <algorithm>
#include <cstring>

using namespace reviver;
using namespace reviver::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t checked_bytes = 40;
    wire::FrameHeaderBytes bytes{};
    std::memcpy(bytes.data(), data, std::min(size, bytes.size()));
    if (size < bytes.size()) {
        store_le<std::uint64_t>(&bytes[checked_bytes], xxh3(ByteView(bytes).first(checked_bytes)));
    }
    for (const wire::FrameSet allowed :
         {wire::greeting_frames, wire::request_frames, wire::answer_frames}) {
        may_refuse([&] {
            const wire::FrameHeader header = wire::decode_header(bytes, allowed);
            expect(allowed.contains(header.type), "a frame may come now");
            expect(wire::encode(header) == bytes, "a header is what would have been written");
        });
    }
    return 0;
}
