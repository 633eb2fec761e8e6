// A message sealed by its connection, before it is opened. The first line is its content type.
#include "fuzz_input.h"
#include "server/encrypted_body.h"

using namespace reviver;
using namespace reviver::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view whole = text_of(data, size);
    const auto line = whole.find('\n');
    if (line == std::string_view::npos) return 0;
    const std::string_view type = whole.substr(0, line);
    server::is_encrypted(type);
    may_refuse([&] {
        const server::EncryptedBody body = server::parse_encrypted(type, whole.substr(line + 1));
        expect(body.header.size() + body.data.size() <= size, "nothing is made of nothing");
    });
    return 0;
}
