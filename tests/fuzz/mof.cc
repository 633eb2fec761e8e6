// MOF: a schema, and the text of one instance.
#include "cim/embedded_text.h"
#include "cim/mof_parser.h"
#include "cim/schema.h"
#include "fuzz_input.h"

#include <string>

using namespace reviver;
using namespace reviver::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(text_of(data, size));
    may_refuse([&] {
        cim::Schema schema("root/test");
        cim::read_mof(schema, "a.mof", [&](const std::string& name) {
            return name == "a.mof" ? text : std::string("class Included { uint8 A; };");
        });
        schema.resolve();
    });
    may_refuse([&] { cim::write_embedded(cim::read_mof_instance(text)); });
    return 0;
}
