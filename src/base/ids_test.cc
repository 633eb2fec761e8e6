#include "base/ids.h"

#include <gtest/gtest.h>

namespace reviver {
namespace {

TEST(Uuid, TakesEitherCaseAndBraces) {
    const auto uuid = Uuid::parse("{6F1C0DE5-7E1A-4B6A-9E64-1C5D2E3F4A5B}");
    ASSERT_TRUE(uuid);
    EXPECT_EQ(uuid->text(), "6f1c0de5-7e1a-4b6a-9e64-1c5d2e3f4a5b");
}

TEST(Uuid, RefusesAnythingElse) {
    for (const char* text :
         {"", "6f1c", "6f1c0de5-7e1a-4b6a-9e64-1c5d2e3f4a5", "6f1c0de5_7e1a-4b6a-9e64-1c5d2e3f4a5b",
          "gf1c0de5-7e1a-4b6a-9e64-1c5d2e3f4a5b", "6f1c0de57e1a4b6a9e641c5d2e3f4a5b"}) {
        EXPECT_FALSE(Uuid::parse(text)) << text;
    }
}

}  // namespace
}  // namespace reviver
