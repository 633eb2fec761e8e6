#include "capture/coverage.h"

#include <gtest/gtest.h>

namespace reviver::capture {
namespace {

const CollectionId collection(Uuid::parse("1a2b3c4d-0000-0000-0000-000000000001").value());

const DiskKey disk{*VmId::parse("11111111-0000-0000-0000-000000000001"), "vda"};

// "5" stopped, "5+" records, "5!" is inconsistent, "5b+" is one of bulk b.
SeenBitmap bitmap(std::string text, const DiskKey& of = disk) {
    SeenBitmap result;
    BitmapMark mark;
    if (text.ends_with('+')) result.recording = true;
    if (text.ends_with('!')) result.inconsistent = true;
    if (!std::isalnum(text.back())) text.pop_back();
    if (std::isalpha(text.back())) {
        mark.bulk = text.substr(text.size() - 1);
        text.pop_back();
    }
    mark.since = Sequence{std::stoull(text)};
    result.name = bitmap_name(collection, of, mark);
    return result;
}

std::string number(const std::string& name) {
    const auto mark = parse_bitmap_name(collection, disk, name);
    return std::to_string(mark->since.value) + mark->bulk;
}

// "5 6 | 4": 5 and 6 joined are what changed, 4 goes. "-" for what is not known.
std::string judged(const std::vector<std::string>& texts, std::uint64_t last,
                   const std::optional<std::string>& older = std::nullopt) {
    std::vector<SeenBitmap> bitmaps{{"backup", true, false}};
    for (const auto& text : texts) bitmaps.push_back(bitmap(text));
    const auto older_name = older ? std::optional(bitmap(*older).name) : std::nullopt;
    const auto coverage = coverage_of(collection, disk, bitmaps, Sequence{last}, older_name);
    std::string result = coverage.known ? "" : "-";
    for (const auto& name : coverage.joined) result += (result.empty() ? "" : " ") + number(name);
    result += " |";
    for (const auto& name : coverage.obsolete) result += " " + number(name);
    return result;
}

TEST(CoverageTest, TheBitmapOfTheLastPointIsWhatChanged) {
    EXPECT_EQ(judged({"5+"}, 5), "5 |");
}

TEST(CoverageTest, BitmapsOfCutsThatFailedAreJoined) {
    EXPECT_EQ(judged({"6+", "5"}, 5), "5 6 |");
    EXPECT_EQ(judged({"5", "6", "7+"}, 5), "5 6 7 |");
}

TEST(CoverageTest, WhatIsOlderThanTheLastPointGoes) {
    EXPECT_EQ(judged({"5", "6+"}, 6), "6 | 5");
}

TEST(CoverageTest, NothingIsKnownWithoutABitmapOfTheLastPoint) {
    EXPECT_EQ(judged({}, 5), "- |");
    EXPECT_EQ(judged({"6+"}, 5), "- | 6");
    EXPECT_EQ(judged({"4+"}, 5), "- | 4");
}

TEST(CoverageTest, AnOlderOneCountsIfTheDiskWasOffSince) {
    EXPECT_EQ(judged({"4+"}, 5, "4+"), "4 |");
    EXPECT_EQ(judged({"4", "5+"}, 5, "4+"), "5 | 4");
    EXPECT_EQ(judged({"3+"}, 5, "4+"), "- | 3");
}

TEST(CoverageTest, ABrokenRowIsOfNoUse) {
    EXPECT_EQ(judged({"5!"}, 5), "- | 5");
    EXPECT_EQ(judged({"5", "6!"}, 5), "- | 5 6");
    EXPECT_EQ(judged({"5"}, 5), "- | 5");
    EXPECT_EQ(judged({"5+", "6+"}, 5), "- | 5 6");
    EXPECT_EQ(judged({"5!", "6+"}, 6), "6 | 5");
}

TEST(CoverageTest, ABulkCountsOnItsPointOnly) {
    EXPECT_EQ(judged({"5b+"}, 5), "5b |");
    EXPECT_EQ(judged({"5b", "6+"}, 5), "5b 6 |");
    EXPECT_EQ(judged({"5b", "6+"}, 6), "6 | 5b");
    EXPECT_EQ(judged({"5b+"}, 6), "- | 5b");
}

// Images that traded places had their bitmaps taken for those of the disk whose place they had come
// to.
TEST(CoverageTest, TheBitmapOfAnotherDiskSaysNothingAndGoes) {
    const DiskKey of_same_vm{disk.vm, "vdb"};
    const DiskKey of_other_vm{*VmId::parse("11111111-0000-0000-0000-000000000002"), disk.target};
    for (const DiskKey& other : {of_same_vm, of_other_vm}) {
        const auto strange = bitmap("5+", other);
        const auto alone = coverage_of(collection, disk, {strange}, Sequence{5}, strange.name);
        EXPECT_FALSE(alone.known);
        EXPECT_EQ(alone.obsolete, std::vector{strange.name});

        const auto own = bitmap("5+");
        const auto beside = coverage_of(collection, disk, {strange, own}, Sequence{5}, {});
        EXPECT_EQ(beside.joined, std::vector{own.name});
        EXPECT_EQ(beside.obsolete, std::vector{strange.name});
    }
}

TEST(CoverageTest, WhatIsOursByItsPrefixAloneGoes) {
    const std::vector<SeenBitmap> left{{"reviver-1a2b3c4d-5", true, false},
                                       {question_bitmap_name(collection), false, false},
                                       {"reviver-ffffffff-5", true, false}};
    const auto coverage = coverage_of(collection, disk, left, Sequence{5}, left[0].name);
    EXPECT_FALSE(coverage.known);
    EXPECT_EQ(coverage.obsolete, (std::vector{left[0].name, left[1].name}));
}

}  // namespace
}  // namespace reviver::capture
