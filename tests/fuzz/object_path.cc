// The name of an object as text. What was read and is printed is read as the same name.
#include "cim/object_path.h"

#include "fuzz_input.h"

using namespace reviver;
using namespace reviver::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = text_of(data, size);
    cim::ObjectPath::looks_like_path(text);
    may_refuse([&] {
        const cim::ObjectPath path = cim::ObjectPath::parse(text);
        const std::string printed = path.text();
        try {
            expect(cim::ObjectPath::parse(printed).text() == printed, "a path is printed as it is");
        } catch (const Error& error) {
            // Escapes make a text longer, at worst beyond what may be read.
            expect(printed.size() > size, error.what());
        }
    });
    return 0;
}
