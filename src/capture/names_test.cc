#include "capture/names.h"

#include <gtest/gtest.h>

namespace reviver::capture {
namespace {

const CollectionId collection(Uuid::parse("1a2b3c4d-0000-0000-0000-000000000001").value());
const CollectionId other(Uuid::parse("ffffffff-0000-0000-0000-000000000001").value());

TEST(NamesTest, BitmapNamesAreReadAsTheyAreMade) {
    for (const auto& mark : {BitmapMark{Sequence{0}, ""}, BitmapMark{Sequence{17}, ""},
                             BitmapMark{Sequence{~0ull}, "9f8e7d6c"}})
        EXPECT_EQ(parse_bitmap_name(collection, bitmap_name(collection, mark)), mark);
    EXPECT_EQ(bitmap_name(collection, {Sequence{17}, ""}), "reviver-1a2b3c4d-17");
    EXPECT_EQ(bitmap_name(collection, {Sequence{17}, "x"}), "reviver-1a2b3c4d-17-bulk-x");
}

TEST(NamesTest, WhatIsNotOursIsNotTakenForOurs) {
    for (const auto* name : {"", "backup", "reviver-1a2b3c4d-", "reviver-1a2b3c4d-x",
                             "reviver-1a2b3c4d-1x", "reviver-1a2b3c4d-1-bulk-",
                             "reviver-1a2b3c4d-99999999999999999999", "reviver-ffffffff-1"})
        EXPECT_EQ(parse_bitmap_name(collection, name), std::nullopt) << name;
    EXPECT_EQ(parse_bitmap_name(collection, question_bitmap_name(collection)), std::nullopt);
    EXPECT_EQ(parse_node_name(collection, "libvirt-1-format"), std::nullopt);
    EXPECT_EQ(parse_node_name(collection, node_name(other, NodeKind::scratch, 1)), std::nullopt);
}

TEST(NamesTest, NodeNamesAreShortEnoughForQemu) {
    for (const auto kind : {NodeKind::scratch, NodeKind::copy_before_write, NodeKind::snapshot}) {
        const auto name = node_name(collection, kind, 999999);
        EXPECT_LE(name.size(), 31u);
        EXPECT_EQ(parse_node_name(collection, name), kind);
    }
}

}  // namespace
}  // namespace reviver::capture
