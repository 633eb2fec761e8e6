#include "base/log.h"

#include <gtest/gtest.h>

namespace reviver {
namespace {

// A name with a line end in it made a line of its own, with a time, a level or a priority that
// somebody else had chosen.
TEST(Log, AnEventIsOneLine) {
    set_up_log(level_enum::info, true);
    testing::internal::CaptureStderr();
    log_info("refused \"{}\"", "x\n<3>the store is corrupt\x1b[31m\xc3\xa9");
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "<6>refused \"x?<3>the store is corrupt?[31m\xc3\xa9\"\n");
}

}  // namespace
}  // namespace reviver
