// Answers as QEMU 7.2 gave them, shortened, and answers that no QEMU should give.
#include "qemu/qmp.h"

#include "base/error.h"

#include <gtest/gtest.h>

namespace reviver::qemu {
namespace {

Qmp answering(std::string answer) {
    return [answer = std::move(answer)](const std::string&, const std::string&) { return answer; };
}

Code code_of(const auto& action) {
    try {
        action();
    } catch (const Error& e) {
        return e.code();
    }
    ADD_FAILURE() << "no error";
    return Code::failed;
}

TEST(Qmp, BlockNodesWithTheirBitmaps) {
    const auto nodes = block_nodes(answering(
        R"([{"node-name":"libvirt-1-format","drv":"qcow2","file":"/a.qcow2","ro":false,"news":1,
             "backing_file":"/base","image":{"virtual-size":16777216},
             "dirty-bitmaps":[{"name":"b1","granularity":4096,"count":8192,"recording":true,
                               "busy":false,"persistent":true},
                              {"granularity":65536,"count":0,"recording":false,"busy":true,
                               "persistent":false,"inconsistent":true}]},
            {"drv":"file","file":"/a.qcow2","ro":true,"image":{"virtual-size":512}}])"));
    ASSERT_EQ(nodes.size(), 2u);
    EXPECT_EQ(nodes[0].name, "libvirt-1-format");
    EXPECT_EQ(nodes[0].backing_file, "/base");
    EXPECT_EQ(nodes[0].size_bytes, 16777216u);
    ASSERT_EQ(nodes[0].bitmaps.size(), 2u);
    EXPECT_EQ(nodes[0].bitmaps[0].dirty_bytes, 8192u);
    EXPECT_TRUE(nodes[0].bitmaps[0].recording && nodes[0].bitmaps[0].persistent);
    EXPECT_FALSE(nodes[0].bitmaps[0].inconsistent);
    EXPECT_EQ(nodes[0].bitmaps[1].name, "");
    EXPECT_TRUE(nodes[0].bitmaps[1].busy && nodes[0].bitmaps[1].inconsistent);
    EXPECT_EQ(nodes[1].name, "");
    EXPECT_TRUE(nodes[1].read_only);
}

TEST(Qmp, GuestDisksWithAndWithoutAMedium) {
    const auto disks = guest_disks(answering(
        R"([{"qdev":"/machine/peripheral/virtio-disk0/virtio-backend",
             "inserted":{"node-name":"libvirt-1-format","file":"/a.qcow2"}},
            {"qdev":"sata0-0-0","removable":true}])"));
    ASSERT_EQ(disks.size(), 2u);
    EXPECT_EQ(disks[0].node, "libvirt-1-format");
    EXPECT_EQ(disks[0].file, "/a.qcow2");
    EXPECT_EQ(disks[1].node, "");
}

TEST(Qmp, SaysWhatItAsks) {
    std::string asked;
    block_nodes([&](const std::string& command, const std::string& arguments) {
        asked = command + " " + arguments;
        return std::string("[]");
    });
    EXPECT_EQ(asked, "query-named-block-nodes {\"flat\":true}");
}

TEST(Qmp, WrongAnswersAreProtocolErrors) {
    for (const char* answer :
         {"", "{}", "[", "[1]", "[{\"drv\":1}]", "[{\"drv\":\"raw\"}]",
          R"([{"drv":"x","file":"f","ro":0,"image":{"virtual-size":1}}])",
          R"([{"drv":"x","file":"f","ro":true,"image":{"virtual-size":-1}}])"}) {
        EXPECT_EQ(code_of([&] { block_nodes(answering(answer)); }), Code::protocol) << answer;
    }
    EXPECT_EQ(code_of([] { guest_disks(answering("[{\"inserted\":[]}]")); }), Code::protocol);
}

}  // namespace
}  // namespace reviver::qemu
