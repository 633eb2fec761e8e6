#include "base/control_characters.h"

#include <gtest/gtest.h>

namespace reviver {
namespace {

TEST(ControlCharacters, AreThoseThatBeginLinesAndSteerTerminals) {
    for (const char* text : {"a\nb", "\x1b[31m", "\x7f", "\xc2\x9b", "a\t", "\xc2\x80"})
        EXPECT_TRUE(has_control_characters(text)) << text;
    EXPECT_TRUE(has_control_characters(std::string_view("a\0b", 3)));
    for (const char* text : {"", "a b", "\xc2\xa0", "\xc3\x9b", "\xe2\x82\xac", "\xc2", "\x80"})
        EXPECT_FALSE(has_control_characters(text)) << text;
}

TEST(ControlCharacters, EachBecomesAQuestionMark) {
    EXPECT_EQ(without_control_characters("a\nb\x1b[31m\xc2\x9b"
                                         "c\xc3\x9b"),
              "a?b?[31m?c\xc3\x9b");
    EXPECT_EQ(without_control_characters("a\nb\tc\r", "\n\t"), "a\nb\tc?");
    EXPECT_EQ(without_control_characters("plain"), "plain");
}

}  // namespace
}  // namespace reviver
