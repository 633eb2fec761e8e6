// An instance as text inside a string: CIM-XML in any wrapping and encoding, or MOF. What was read
// can be written and read again.
#include "cim/embedded_text.h"
#include "fuzz_input.h"

using namespace reviver;
using namespace reviver::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    may_refuse([&] {
        const cim::Instance instance = cim::read_embedded(text_of(data, size));
        const std::string text = cim::write_embedded(instance);
        try {
            expect(cim::read_embedded(text).class_name() == instance.class_name(),
                   "an instance keeps its class");
        } catch (const Error& error) {
            expect(text.size() > size, error.what());
        }
    });
    return 0;
}
