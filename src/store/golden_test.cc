// A store of an older format is read by every later version. testdata/ has the files;
// docs/formats/store.md explains their bytes. When a format changes, a new golden store is
// added and this one stays.
#include "store/feeder_test_support.h"
#include "store/layer_writer.h"
#include "store/names.h"
#include "store/store.h"
#include "store/store_test_support.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace reviver::store {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kib = 1024;

const fs::path testdata = REVIVER_STORE_TESTDATA;
const fs::path golden = testdata / "format1";

// What the golden store holds: one disk, three points.
Feeder history(std::uint64_t points) {
    Feeder source({{{test_vm(), "vda"}, 160 * kib}});
    source.overwrite(0, {4 * kib, 4 * kib}, 1);
    source.overwrite(0, {100 * kib, 2 * kib}, 2);
    if (points > 1) source.overwrite(0, {6 * kib, 4 * kib}, 3);
    if (points > 2) source.overwrite(0, {100 * kib, 8 * kib}, 0);
    return source;
}

// SQLite keeps user_version in the header of the database, big-endian.
std::uint32_t manifest_format_of(const fs::path& store) {
    const Bytes bytes =
        sys::read_file(sys::linux_world().files, store / "store/manifest.db", 1 << 24);
    return load_be<std::uint32_t>(&bytes[60]);
}

class GoldenStore : public testing::TestWithParam<const char*> {};

TEST_P(GoldenStore, IsReadAndBecomesOneOfToday) {
    TemporaryDirectory directory;
    fs::copy(testdata / GetParam(), directory.path(), fs::copy_options::recursive);
    sys::World& world = sys::linux_world();
    RawOpener opener(world.files);
    {
        Store store(world, directory.path(), opener, Options{0.0});
        const auto points = store.points(test_collection());
        ASSERT_EQ(points.size(), 3u);
        EXPECT_EQ(points[2].cut_time,
                  sys::WallTime(std::chrono::hours(1000) + std::chrono::minutes(3)));
        EXPECT_EQ(points[0].vms, Feeder::vms());
        EXPECT_EQ(points[1].epoch, Epoch{3});
        for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
            const auto image = store.open_disk(test_collection(), {sequence}, {test_vm(), "vda"});
            EXPECT_TRUE(content_of(*image) == history(sequence).content(0)) << sequence;
        }
        const ScrubReport report = store.scrub(test_collection(), {});
        EXPECT_TRUE(report.complete);
        EXPECT_TRUE(report.findings.empty());
    }
    EXPECT_EQ(manifest_format_of(directory.path()), 2u);
}

INSTANTIATE_TEST_SUITE_P(Golden, GoldenStore, testing::Values("format1", "format2"));

// The second has a branch: point 3 builds on point 1, as a merge left it, byte for byte.
TEST(Golden, AMergePastAPointIsWrittenAsItWas) {
    TemporaryDirectory directory;
    fs::copy(golden, directory.path(), fs::copy_options::recursive);
    sys::World& world = sys::linux_world();
    RawOpener opener(world.files);
    Store store(world, directory.path(), opener, Options{0.0});
    EXPECT_EQ(store.shorten(test_collection(), {3}, 2), 2u);
    const sys::Path disk = sys::Path("store") / test_collection().text() / test_vm().text() / "vda";
    for (const char* name : {"p1.qcow2", "p2.qcow2", "p3.qcow2"})
        EXPECT_TRUE(sys::read_file(world.files, directory.path() / disk / name, 1 << 20) ==
                    sys::read_file(world.files, testdata / "format2" / disk / name, 1 << 20))
            << name;
}

// What we write today is what was written then, byte for byte.
TEST(Golden, ALayerIsWrittenAsItWas) {
    TemporaryDirectory directory;
    sys::Files& files = sys::linux_world().files;
    const sys::Path path = directory.path() / "p2.qcow2";
    LayerWriter writer(
        files.open(path, sys::OpenMode::create_new),
        LayerIdentity{
            test_collection(), {test_vm(), "vda"}, {2}, {1}, 160 * kib, layer_name({1}), "qcow2"});
    writer.write(6 * kib, random_bytes(3, 4 * kib));
    writer.finish();
    const sys::Path then =
        golden / "store" / test_collection().text() / test_vm().text() / "vda" / "p2.qcow2";
    EXPECT_TRUE(sys::read_file(files, path, 1 << 20) == sys::read_file(files, then, 1 << 20));
}

}  // namespace
}  // namespace reviver::store
