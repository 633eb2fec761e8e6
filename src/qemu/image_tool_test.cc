#include "qemu/image_tool.h"

#include "base/error.h"
#include "qemu/scratch_directory.h"

#include <gtest/gtest.h>

#include <fstream>

namespace reviver::qemu {
namespace {

constexpr std::uint64_t mib = 1 << 20;

class ImageTool : public testing::Test {
  protected:
    ScratchDirectory directory_;
    Path path(const char* name) const { return directory_.path() / name; }
};

TEST_F(ImageTool, OverlayKnowsItsBacking) {
    create_qcow2(path("base"), 8 * mib);
    create_overlay(path("top"), path("base"), "qcow2", 9 * mib);
    const ImageInfo info = image_info(path("top"), "qcow2");
    EXPECT_EQ(info.size_bytes, 9 * mib);
    EXPECT_EQ(info.backing_path, path("base"));
    EXPECT_EQ(info.backing_format, "qcow2");
    EXPECT_TRUE(check_image(path("top"), "qcow2").clean());
    EXPECT_EQ(chain_info(path("top"), "qcow2").size(), 2u);
}

TEST_F(ImageTool, BitmapIsSavedAndRecords) {
    create_qcow2(path("a"), mib);
    add_bitmap(path("a"), "reviver-1", 4096);
    const ImageInfo info = image_info(path("a"), "qcow2");
    ASSERT_EQ(info.bitmaps.size(), 1u);
    EXPECT_EQ(info.bitmaps[0].name, "reviver-1");
    EXPECT_EQ(info.bitmaps[0].granularity_bytes, 4096u);
    EXPECT_TRUE(info.bitmaps[0].recording);
    EXPECT_FALSE(info.bitmaps[0].in_use);
    remove_bitmap(path("a"), "reviver-1");
    EXPECT_TRUE(image_info(path("a"), "qcow2").bitmaps.empty());
}

TEST_F(ImageTool, TellsEqualFromDifferent) {
    create_qcow2(path("a"), mib);
    std::ofstream(path("b")) << std::string(mib, '\0');
    EXPECT_TRUE(same_content(path("a"), "qcow2", path("b"), "raw"));
    std::ofstream(path("b"), std::ios::in).seekp(70000).put('x');
    EXPECT_FALSE(same_content(path("a"), "qcow2", path("b"), "raw"));
}

TEST_F(ImageTool, AnswersWrongInputWithErrors) {
    std::ofstream(path("text")) << "no qcow2 at all";
    const auto code_of = [](const auto& action) {
        try {
            action();
        } catch (const Error& e) {
            return e.code();
        }
        return Code::stopped;
    };
    EXPECT_EQ(code_of([&] { image_info(path("text"), "qcow2"); }), Code::corrupt);
    EXPECT_EQ(code_of([&] { image_info(path("none"), "qcow2"); }), Code::not_found);
    EXPECT_EQ(code_of([&] { check_image(path("text"), "qcow2"); }), Code::corrupt);
    EXPECT_EQ(code_of([&] { create_overlay(path("o"), path("none"), "raw", mib); }),
              Code::not_found);
}

}  // namespace
}  // namespace reviver::qemu
