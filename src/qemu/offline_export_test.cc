#include "qemu/offline_export.h"

#include "base/error.h"
#include "qemu/image_tool.h"
#include "qemu/limits.h"
#include "qemu/nbd_image.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace reviver::qemu {
namespace {

constexpr std::uint64_t mib = 1 << 20;

class OfflineExportTest : public testing::Test {
  protected:
    ScratchDirectory directory_;
    Path path(const char* name) const { return directory_.path() / name; }
    void write(const char* name, const std::string& qemu_io_command) const {
        run_checked({"qemu-io", "-f", "qcow2", "-c", qemu_io_command, path(name)});
    }
};

TEST_F(OfflineExportTest, ReadsThroughAChain) {
    create_qcow2(path("base"), 64 * mib);
    write("base", "write -P 17 1M 8M");
    create_overlay(path("top"), path("base"), "qcow2", 64 * mib);
    write("top", "write -P 34 2M 64k");
    OfflineImageOpener opener;
    const auto image = opener.open(path("top"), "qcow2");
    ASSERT_EQ(image->size_bytes(), 64 * mib);

    Bytes content(10 * mib);
    image->read(0, content);
    EXPECT_TRUE(all_zero(ByteView(content).first(mib)));
    EXPECT_EQ(content[mib], std::byte(17));
    EXPECT_EQ(content[2 * mib], std::byte(34));
    EXPECT_EQ(content[2 * mib + (64 << 10)], std::byte(17));
    EXPECT_EQ(content[9 * mib - 1], std::byte(17));
    EXPECT_TRUE(all_zero(ByteView(content).subspan(9 * mib)));

    const std::vector<Extent> expected{
        {0, mib, Content::zero}, {mib, 8 * mib, Content::data}, {9 * mib, 55 * mib, Content::zero}};
    EXPECT_EQ(image->extents({0, 64 * mib}), expected);
    const std::vector<Extent> inner{{2 * mib, mib, Content::data}};
    EXPECT_EQ(image->extents({2 * mib, mib}), inner);
}

TEST_F(OfflineExportTest, AnswersABitmap) {
    create_qcow2(path("a"), 8 * mib);
    add_bitmap(path("a"), "reviver-1", 4096);
    write("a", "write 1M 4k");
    write("a", "write 3M 5k");
    OfflineExport exported({path("a"), "qcow2", "reviver-1"});
    NbdReader reader(exported.address(), {bitmap_context("reviver-1")});
    const RangeSet expected{{mib, 4096}, {3 * mib, 8192}};
    EXPECT_EQ(reader.dirty("reviver-1", {0, 8 * mib}), expected);
}

TEST_F(OfflineExportTest, TicketsMayBeFinishedInAnyOrderAndBeyondTheLimitInFlight) {
    create_qcow2(path("a"), 64 * mib);
    for (int i = 0; i < 4; ++i) {
        write("a", "write -P " + std::to_string(i + 1) + " " + std::to_string(i * 16) + "M 16M");
    }
    OfflineExport exported({path("a"), "qcow2", ""});
    NbdReader reader(exported.address(), {});
    Bytes content(64 * mib);
    std::vector<NbdReader::Ticket> tickets;
    static_assert(64 * mib / nbd_request_max > nbd_in_flight_max);
    for (std::uint64_t at = 0; at < content.size(); at += 4 * mib) {
        tickets.push_back(reader.begin(at, ByteSpan(content).subspan(at, 4 * mib)));
    }
    for (auto ticket = tickets.rbegin(); ticket != tickets.rend(); ++ticket) reader.finish(*ticket);
    for (std::uint64_t at = 0; at < content.size(); at += mib) {
        ASSERT_EQ(content[at], std::byte(1 + at / (16 * mib))) << at;
    }
}

TEST_F(OfflineExportTest, KeepsNobodyFromTheImage) {
    create_qcow2(path("a"), mib);
    OfflineExport exported({path("a"), "qcow2", ""});
    write("a", "write 0 4k");  // takes QEMU's write lock, as a starting VM does
    EXPECT_TRUE(exported.running());
}

TEST_F(OfflineExportTest, ReadsAnImageThatAVmHasOpen) {
    create_qcow2(path("a"), mib);
    const Command opens{"qemu-io", "-f", "qcow2", "-c", "sleep 60000", path("a")};
    auto writer = std::make_unique<Process>(opens);
    const auto locked = [&] { return run({"qemu-img", "info", path("a")}).exit_status != 0; };
    // Who asks has the image open for a moment, which may keep the other from it.
    for (int i = 0; i < 500 && !locked(); ++i)
        if (!writer->running()) writer = std::make_unique<Process>(opens);
    ASSERT_TRUE(locked());
    OfflineExport exported({path("a"), "qcow2", ""});
    EXPECT_EQ(NbdImage(exported.address()).size_bytes(), mib);
}

TEST_F(OfflineExportTest, SaysWhyAnImageCannotBeOpened) {
    std::ofstream(path("text")) << "no qcow2 at all";
    try {
        OfflineExport exported({path("text"), "qcow2", ""});
        FAIL();
    } catch (const Error& e) {
        EXPECT_NE(std::string(e.what()).find("not in qcow2 format"), std::string::npos) << e.what();
    }
}

TEST_F(OfflineExportTest, AServerThatWentAwayIsUnavailable) {
    create_qcow2(path("a"), mib);
    auto exported = std::make_unique<OfflineExport>(OfflineImage{path("a"), "qcow2", ""});
    NbdReader reader(exported->address(), {});
    exported.reset();
    Bytes content(4096);
    for (int i = 0; i < 2; ++i) {
        try {
            reader.read(0, content);
            FAIL();
        } catch (const Error& e) {
            EXPECT_EQ(e.code(), Code::unavailable) << e.what();
        }
    }
}

TEST_F(OfflineExportTest, AMissingBitmapIsAnError) {
    create_qcow2(path("a"), mib);
    EXPECT_THROW(OfflineExport({path("a"), "qcow2", "none"}), Error);
    OfflineExport exported({path("a"), "qcow2", ""});
    try {
        NbdReader reader(exported.address(), {bitmap_context("none")});
        FAIL();
    } catch (const Error& e) {
        EXPECT_EQ(e.code(), Code::not_supported);
    }
}

}  // namespace
}  // namespace reviver::qemu
