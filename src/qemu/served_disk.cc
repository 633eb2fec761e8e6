#include "qemu/served_disk.h"

#include "qemu/qmp_json.h"

namespace reviver::qemu {

namespace json = boost::json;

void serve_through(const Qmp& qmp, const std::string& child) {
    call(qmp, "blockdev-reopen",
         {{"options", json::array{json::object{{"driver", "raw"},
                                               {"node-name", served_node},
                                               {"discard", "unmap"},
                                               {"file", child}}}}});
}

}  // namespace reviver::qemu
