#include "cim/datetime.h"

#include <gtest/gtest.h>

namespace reviver::cim {
namespace {

constexpr std::int64_t second = 1'000'000;

TEST(DateTime, ReadsAndPrintsATimestamp) {
    const auto time = DateTime::parse("20250102030405.000001+060");
    ASSERT_TRUE(time);
    EXPECT_FALSE(time->is_interval());
    EXPECT_EQ(time->text(), "20250102030405.000001+060");
    EXPECT_EQ(time->iso_text(), "2025-01-02T02:04:05.000001Z");
    EXPECT_EQ(time->microseconds(), 1735783445ll * second + 1);
}

TEST(DateTime, ReadsAndPrintsAnInterval) {
    const auto time = DateTime::parse("00000001020304.000005:000");
    ASSERT_TRUE(time);
    EXPECT_TRUE(time->is_interval());
    EXPECT_EQ(time->microseconds(), ((24 + 2) * 3600 + 3 * 60 + 4) * second + 5);
    EXPECT_EQ(time->text(), "00000001020304.000005:000");
    EXPECT_EQ(time->iso_text(), "P1DT2H3M4.000005S");
    EXPECT_EQ(DateTime::interval(300 * second).text(), "00000000000500.000000:000");
}

TEST(DateTime, ReadsTheFormsOfXmlSchema) {
    EXPECT_EQ(DateTime::parse_iso("2025-01-02T03:04:05Z")->text(), "20250102030405.000000+000");
    EXPECT_EQ(DateTime::parse_iso("2025-01-02T03:04:05.5+01:00")->text(),
              "20250102020405.500000+000");
    EXPECT_EQ(DateTime::parse_iso("2025-01-02")->text(), "20250102000000.000000+000");
    EXPECT_EQ(DateTime::parse_iso("P1DT2H3M4.000005S")->text(), "00000001020304.000005:000");
    EXPECT_EQ(DateTime::parse_iso("PT30S")->microseconds(), 30 * second);
    EXPECT_EQ(DateTime::parse_iso("PT90M")->microseconds(), 5400 * second);
}

TEST(DateTime, KeepsWildcards) {
    const auto time = DateTime::parse("20250102******.******+000");
    ASSERT_TRUE(time);
    EXPECT_TRUE(time->has_wildcards());
    EXPECT_EQ(time->text(), "20250102******.******+000");
}

TEST(DateTime, RefusesWhatIsNone) {
    for (const char* text :
         {"", "20250102030405.000001", "20251302030405.000001+000", "20250102250405.000001+000",
          "2025010203040X.000001+000", "2025**02030405.000001+000", "00000001020304.000005:001"}) {
        EXPECT_FALSE(DateTime::parse(text)) << text;
    }
    for (const char* text : {"P", "PT", "-PT5S", "P1Y", "2025-02-30", "2025-01-02T25:00:00Z", "abc",
                             "P99999999999999999999D", "PT9999999999999999S"}) {
        EXPECT_FALSE(DateTime::parse_iso(text)) << text;
    }
}

TEST(DateTime, TimesBefore1970) {
    EXPECT_EQ(DateTime::at(-1).text(), "19691231235959.999999+000");
    EXPECT_EQ(DateTime::parse("19691231235959.999999+000")->microseconds(), -1);
}

}  // namespace
}  // namespace reviver::cim
