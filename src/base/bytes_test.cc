#include "base/bytes.h"

#include <gtest/gtest.h>

namespace reviver {
namespace {

TEST(BeginningOf, CutsBetweenCharacters) {
    EXPECT_EQ(beginning_of("abc", 3), "abc");
    EXPECT_EQ(beginning_of("abc", 2), "ab");
    EXPECT_EQ(beginning_of("a\xe2\x82\xac", 4), "a\xe2\x82\xac");
    EXPECT_EQ(beginning_of("a\xe2\x82\xac", 3), "a");
    EXPECT_EQ(beginning_of("a\xe2\x82\xac", 1), "a");
    EXPECT_EQ(beginning_of("\x82\x82", 1), "");
    EXPECT_EQ(beginning_of("abc", 0), "");
}

}  // namespace
}  // namespace reviver
