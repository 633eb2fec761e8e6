#include "sim/disk.h"

#include "base/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace reviver::sim {
namespace {

using sys::OpenMode;
using ::testing::ElementsAre;

std::string text_in(Disk& disk, const char* path) {
    const auto inode = disk.find(path);
    if (!inode) return "(none)";
    Bytes bytes(inode->content().size());
    inode->content().read(0, bytes);
    return std::string(text_of(bytes));
}

// What `path` may hold after a power cut, over many seeds.
std::set<std::string> outcomes(const std::function<void(Disk&)>& work, const char* path,
                               NameRules rules) {
    std::set<std::string> found;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Disk disk;
        disk.set_name_rules(rules);
        work(disk);
        Prng prng(seed);
        disk.lose_power(prng);
        found.insert(text_in(disk, path));
    }
    return found;
}

void make(Disk& disk, const char* path, std::string_view text) {
    const auto inode = disk.open(path, OpenMode::create);
    inode->write(0, bytes_of(text));
    inode->sync();
}

TEST(SparseBytes, HolesAreZerosAndAreNamed) {
    SparseBytes bytes;
    bytes.write(5000, bytes_of("abc"));
    bytes.resize(20000);
    EXPECT_EQ(bytes.allocated(), page_bytes);
    const std::vector<Extent> expected = {
        {100, 3996, Content::zero}, {4096, 4096, Content::data}, {8192, 11808, Content::zero}};
    EXPECT_EQ(bytes.extents({100, 1 << 20}), expected);
    bytes.clear({5001, 1});
    Bytes to(3);
    EXPECT_EQ(bytes.read(5000, to), 3u);
    EXPECT_EQ(text_of(to), std::string_view("a\0c", 3));
    bytes.resize(5001);
    bytes.resize(20000);
    bytes.read(5000, to);
    EXPECT_EQ(text_of(to), std::string_view("a\0\0", 3));
    bytes.clear({4096, 4096});
    EXPECT_EQ(bytes.allocated(), 0u);
    EXPECT_EQ(bytes.read(19999, to), 1u);
}

TEST(Disk, ASyncedWriteSurvivesAndAnUnsyncedOneMayNot) {
    const auto work = [](Disk& disk) {
        make(disk, "/a", "old");
        disk.sync_directory("/");
        disk.open("/a", OpenMode::write)->write(0, bytes_of("new"));
    };
    EXPECT_THAT(outcomes(work, "/a", NameRules::loose), ElementsAre("new", "old"));
    const auto synced = [&](Disk& disk) {
        work(disk);
        disk.open("/a", OpenMode::write)->sync();
    };
    EXPECT_THAT(outcomes(synced, "/a", NameRules::loose), ElementsAre("new"));
}

TEST(Disk, WritesTearBetweenSectorsOnly) {
    bool torn = false;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        Disk disk;
        make(disk, "/a", std::string(2048, 'o'));
        disk.sync_directory("/");
        disk.open("/a", OpenMode::write)->write(100, bytes_of(std::string(1500, 'n')));
        Prng prng(seed);
        disk.lose_power(prng);
        const std::string text = text_in(disk, "/a");
        ASSERT_EQ(text.size(), 2048u);
        EXPECT_EQ(text.substr(0, 100), std::string(100, 'o'));
        EXPECT_EQ(text.substr(1600), std::string(448, 'o'));
        std::set<char> values;
        for (const std::size_t middle : {300, 700, 1200, 1550}) {
            values.insert(text[middle]);
            EXPECT_EQ(text[middle], text[middle + 1]);
        }
        torn |= values.size() == 2;
    }
    EXPECT_TRUE(torn);
}

TEST(Disk, ANameIsDurableAfterItsDirectoryWasSynced) {
    for (const NameRules rules : {NameRules::journalled, NameRules::loose}) {
        const auto work = [](Disk& disk) { make(disk, "/a", "text"); };
        EXPECT_THAT(outcomes(work, "/a", rules), ElementsAre("(none)", "text"));
        const auto synced = [&](Disk& disk) {
            work(disk);
            disk.sync_directory("/");
        };
        EXPECT_THAT(outcomes(synced, "/a", rules), ElementsAre("text"));
    }
}

TEST(Disk, ARenameWithoutSyncIsOldOrNew) {
    const auto work = [](Disk& disk) {
        make(disk, "/a", "old");
        disk.sync_directory("/");
        make(disk, "/b", "new");
        disk.rename("/b", "/a");
    };
    for (const NameRules rules : {NameRules::journalled, NameRules::loose}) {
        EXPECT_THAT(outcomes(work, "/a", rules), ElementsAre("new", "old"));
    }
}

TEST(Disk, JournalledNamesKeepTheirOrderAndLooseOnesDoNot) {
    const auto later_without_earlier = [](NameRules rules) {
        bool seen = false;
        for (std::uint64_t seed = 0; seed < 200; ++seed) {
            Disk disk;
            disk.set_name_rules(rules);
            make(disk, "/first", "1");
            make(disk, "/second", "2");
            Prng prng(seed);
            disk.lose_power(prng);
            seen |= disk.exists("/second") && !disk.exists("/first");
        }
        return seen;
    };
    EXPECT_FALSE(later_without_earlier(NameRules::journalled));
    EXPECT_TRUE(later_without_earlier(NameRules::loose));
}

TEST(Disk, AFileDurableUnderALaterNameDoesNotComeBackUnderTheEarlierOne) {
    const auto work = [](Disk& disk) {
        disk.make_directories("/x");
        disk.make_directories("/y");
        make(disk, "/x/a", "text");
        disk.rename("/x/a", "/y/b");
        disk.sync_directory("/y");
    };
    EXPECT_THAT(outcomes(work, "/y/b", NameRules::loose), ElementsAre("text"));
    EXPECT_THAT(outcomes(work, "/x/a", NameRules::loose), ElementsAre("(none)"));
}

TEST(Disk, ARemovalMayComeUndoneUntilSynced) {
    const auto work = [](Disk& disk) {
        make(disk, "/a", "text");
        disk.sync_directory("/");
        disk.remove("/a");
        EXPECT_FALSE(disk.exists("/a"));
    };
    EXPECT_THAT(outcomes(work, "/a", NameRules::journalled), ElementsAre("(none)", "text"));
}

TEST(Disk, DirectoriesHoldAndMoveTheirFiles) {
    Disk disk;
    disk.make_directories("/a/b");
    make(disk, "/a/b/c", "1");
    EXPECT_THROW(disk.remove("/a"), Error);
    EXPECT_THROW(disk.open("/nowhere/c", OpenMode::create), Error);
    disk.rename("/a", "/z");
    EXPECT_EQ(text_in(disk, "/z/b/c"), "1");
    EXPECT_THAT(disk.list("/z"), ElementsAre("b"));
    EXPECT_FALSE(disk.exists("/a/b"));
}

TEST(Disk, IsFullAtItsCapacityAndNotAfterARemoval) {
    Disk disk;
    disk.set_capacity(2 * page_bytes);
    auto inode = disk.open("/a", OpenMode::create);
    disk.claim(*inode, {0, 2 * page_bytes});
    inode->write(0, Bytes(2 * page_bytes));
    disk.claim(*inode, {0, 2 * page_bytes});
    EXPECT_THROW(disk.claim(*inode, {2 * page_bytes, 1}), Error);
    EXPECT_EQ(disk.space().free_bytes, 0u);
    inode.reset();
    disk.remove("/a");
    disk.sync_directory("/");
    EXPECT_EQ(disk.space().free_bytes, 2 * page_bytes);
}

TEST(Disk, AFlippedBitIsThereUnnoticed) {
    Disk disk;
    make(disk, "/a", "a");
    disk.find("/a")->flip_bit(0, 1);
    EXPECT_EQ(text_in(disk, "/a"), "c");
}

}  // namespace
}  // namespace reviver::sim
