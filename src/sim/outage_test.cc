#include "sim/outage_run.h"
#include "sim/scheduler.h"

#include <gtest/gtest.h>

namespace reviver::sim {
namespace {

// What greetings, questions and the frames of the chunks add.
constexpr std::uint64_t around_the_data = 32 << 10;
constexpr std::int64_t memory_grown_max = 256 << 10;
constexpr std::uint64_t files_grown_max = 256 << 10;

TEST(Outage, ADayWithoutALinkCostsWhatChangedAndNoMore) {
    const OutageResult result = run_outage(1);
    EXPECT_GT(result.missed, 400u);
    EXPECT_GT(result.changed_bytes, 500u << 10);
    EXPECT_LT(result.changed_bytes, result.disk_bytes * 3 / 4);
    EXPECT_LE(result.sent_bytes, result.changed_bytes + around_the_data);
    EXPECT_LE(result.memory_grown, memory_grown_max);
    EXPECT_LE(result.files_grown, files_grown_max);
    RecordProperty("missed", static_cast<int>(result.missed));
    RecordProperty("changed_bytes", static_cast<int>(result.changed_bytes));
    RecordProperty("sent_bytes", static_cast<int>(result.sent_bytes));
    RecordProperty("memory_grown", static_cast<int>(result.memory_grown));
    RecordProperty("files_grown", static_cast<int>(result.files_grown));
}

}  // namespace
}  // namespace reviver::sim
