#include "cli/text_format.h"

#include "cli/progress.h"
#include "cli/words.h"

#include <gtest/gtest.h>

namespace reviver::cli {
namespace {

using namespace std::chrono_literals;

TEST(TextFormat, BytesHaveTheUnitThatFits) {
    EXPECT_EQ(bytes_text(0), "0 B");
    EXPECT_EQ(bytes_text(1023), "1023 B");
    EXPECT_EQ(bytes_text(1024), "1.0 KiB");
    EXPECT_EQ(bytes_text(1536u << 20), "1.5 GiB");
    EXPECT_EQ(bytes_text((1u << 20) - 1), "1.0 MiB") << "never 1024.0 of a smaller unit";
    EXPECT_EQ(bytes_text(~0ull), "16.0 EiB");
}

TEST(TextFormat, DurationsHaveTwoUnitsAtMost) {
    EXPECT_EQ(duration_text(400ms), "0.4 s");
    EXPECT_EQ(duration_text(12s), "12 s");
    EXPECT_EQ(duration_text(200s), "3 min 20 s");
    EXPECT_EQ(duration_text(3h + 5min + 9s), "3 h 5 min");
    EXPECT_EQ(duration_text(52h), "2 d 4 h");
}

TEST(TextFormat, AgesKnowNeverAndClocksThatDiffer) {
    cim::DateTime now = cim::DateTime::at(100'000'000);
    EXPECT_EQ(age_text(std::nullopt, now), "never");
    EXPECT_EQ(age_text(cim::DateTime::at(70'000'000), now), "30 s");
    EXPECT_EQ(age_text(cim::DateTime::at(130'000'000), now), "0.0 s");
}

TEST(TextFormat, FingerprintsCompareWhateverTheirForm) {
    std::string plain(64, 'a');
    std::string shown = fingerprint_text(plain);
    EXPECT_EQ(shown.substr(0, 9), "AA:AA:AA:");
    EXPECT_EQ(shown.size(), 95u);
    EXPECT_EQ(plain_fingerprint(" " + shown + "\n"), plain);
    EXPECT_EQ(fingerprint_text("no\x1b[2J"), "no?[2J") << "what is none is shown harmless";
}

TEST(TextFormat, ColumnsAreAligned) {
    EXPECT_EQ(table_text({{"NAME", "STATE"}, {"a", "on"}, {"größer", ""}}),
              "NAME    STATE\n"
              "a       on\n"
              "größer\n");
}

// A name with a line end made a second row, which nothing told from a real one.
TEST(TextFormat, ACellStaysInItsLine) {
    EXPECT_EQ(table_text({{"NAME", "STATE"},
                          {"a\nshop",
                           "on\xc2\x9b"
                           "31m"}}),
              "NAME    STATE\n"
              "a?shop  on?31m\n");
}

TEST(TextFormat, AProgressLineFitsItsTerminal) {
    EXPECT_EQ(progress_line("copy", 50, 75s, "vda\nvdb", 80),
              "copy  [##########          ]  50 %  1:15  vda vdb");
    EXPECT_EQ(progress_line("copy", 250, 1s, "", 20), "copy  [#############");
}

TEST(Words, NumbersThatNobodyKnowsAreShown) {
    EXPECT_EQ(state_words(3, 1), "replicating");
    EXPECT_EQ(state_words(4, 1), "prepared for planned failover");
    EXPECT_EQ(state_words(4, 2), "failover under way");
    EXPECT_EQ(state_words(99, 1), "unknown (99)");
    EXPECT_NE(refusal_words(32775).find("not possible in the present state"), std::string::npos);
}

}  // namespace
}  // namespace reviver::cli
