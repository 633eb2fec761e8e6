// A query in WQL, read and asked.
#include "cim/object_manager.h"
#include "fuzz_input.h"
#include "server/test_model.h"

using namespace reviver;
using namespace reviver::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static server::TestModel model;
    static const cim::Principal who("somebody", {cim::Role::administrator});
    may_refuse([&] {
        const auto result = model.objects()->query(who, "root/test", text_of(data, size));
        expect(result.found.size() <= 2 * server::TestModel::things, "no more than there is");
    });
    return 0;
}
