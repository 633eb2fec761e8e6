#include "model/bandwidth.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace reviver {
namespace {

constexpr std::uint8_t workdays = 0b0011111;
constexpr std::uint8_t friday = 1 << 4;
constexpr std::uint8_t sunday = 1 << 6;
constexpr std::uint32_t hour = 3600;

LocalTime at(unsigned day, double hours) {
    return {day, static_cast<std::uint32_t>(hours * hour)};
}

TEST(RateAt, IsThePlansOwnOutsideOfTheCalendar) {
    EXPECT_EQ(rate_at({}, at(0, 12)), 0u);
    EXPECT_EQ(rate_at({7, {}}, at(6, 23.9)), 7u);
    EXPECT_EQ(rate_at({7, {{workdays, 8 * hour, 18 * hour, 1}}}, at(5, 12)), 7u);
}

TEST(RateAt, AnEntryHasItsBeginAndNotItsEnd) {
    const BandwidthPlan plan{0, {{workdays, 8 * hour, 18 * hour, 100}}};
    const struct {
        unsigned day;
        std::uint32_t second;
        std::uint64_t rate;
    } table[] = {
        {0, 8 * hour - 1, 0},    {0, 8 * hour, 100}, {4, 12 * hour, 100}, {4, 18 * hour, 0},
        {4, 18 * hour - 1, 100}, {5, 12 * hour, 0},  {6, 8 * hour, 0},    {2, 23 * hour + 3599, 0},
    };
    for (const auto& row : table) {
        EXPECT_EQ(rate_at(plan, {row.day, row.second}), row.rate) << row.day << " " << row.second;
    }
}

TEST(RateAt, AnEntryMayCrossMidnightAndTheWeek) {
    const BandwidthPlan plan{5, {{friday | sunday, 22 * hour, 6 * hour, 100}}};
    const struct {
        unsigned day;
        double hours;
        std::uint64_t rate;
    } table[] = {
        {4, 21.9, 5}, {4, 22, 100},  {4, 5, 5},  // on friday: its night begins then
        {5, 0, 100},  {5, 5.9, 100}, {5, 6, 5},  // and ends on saturday
        {5, 23, 5},   {6, 3, 5},     {6, 23, 100}, {0, 3, 100}, {0, 6, 5},  // of sunday, on monday
    };
    for (const auto& row : table) {
        EXPECT_EQ(rate_at(plan, at(row.day, row.hours)), row.rate) << row.day << " " << row.hours;
    }
}

TEST(RateAt, TheFirstEntryThatFitsCountsAndMayLiftTheLimit) {
    const BandwidthPlan plan{50,
                             {{1, 12 * hour, 13 * hour, 0}, {workdays, 8 * hour, 18 * hour, 100}}};
    EXPECT_EQ(rate_at(plan, at(0, 11)), 100u);
    EXPECT_EQ(rate_at(plan, at(0, 12.5)), 0u);
    EXPECT_EQ(rate_at(plan, at(1, 12.5)), 100u);
    EXPECT_EQ(rate_at(plan, at(0, 20)), 50u);
}

TEST(RateAt, AWholeDayEndsAtMidnight) {
    const BandwidthPlan plan{0, {{sunday, 0, day_s, 9}}};
    EXPECT_EQ(rate_at(plan, at(6, 0)), 9u);
    EXPECT_EQ(rate_at(plan, {6, day_s - 1}), 9u);
    EXPECT_EQ(rate_at(plan, at(5, 23.99)), 0u);
    EXPECT_EQ(rate_at(plan, at(0, 0)), 0u);
}

TEST(BandwidthPlans, AnIdCountsBeforeAName) {
    const CollectionId id(*Uuid::parse("11111111-2222-4333-8444-555555555555"));
    const BandwidthPlans plans{{9, {}}, {{"shop", {1, {}}}, {id.text(), {2, {}}}}};
    EXPECT_EQ(plans.of(id, "shop").bytes_per_second, 2u);
    EXPECT_EQ(plans.of(CollectionId(), "shop").bytes_per_second, 1u);
    EXPECT_EQ(plans.of(CollectionId(), "other").bytes_per_second, 0u);
}

class InBerlin : public testing::Test {
  protected:
    InBerlin() {
        if (const char* zone = std::getenv("TZ")) before_ = zone;
        // Written out, so that no table of time zones is needed.
        set("CET-1CEST,M3.5.0,M10.5.0/3");
    }
    ~InBerlin() override {
        if (before_.empty()) {
            unsetenv("TZ");
            tzset();
        } else {
            set(before_.c_str());
        }
    }
    static sys::WallTime utc(int year, unsigned month, unsigned day, double hours) {
        const std::chrono::sys_days date{std::chrono::year(year) / std::chrono::month(month) /
                                         std::chrono::day(day)};
        return date + std::chrono::seconds(static_cast<std::int64_t>(hours * hour));
    }

  private:
    static void set(const char* zone) {
        setenv("TZ", zone, 1);
        tzset();
    }
    std::string before_;
};

TEST_F(InBerlin, SummerAndWinterAreAnHourApart) {
    EXPECT_EQ(local_time(utc(2027, 1, 4, 7)).second, 8 * hour);  // a monday
    EXPECT_EQ(local_time(utc(2027, 1, 4, 7)).day, 0u);
    EXPECT_EQ(local_time(utc(2027, 7, 5, 7)).second, 9 * hour);
    EXPECT_EQ(local_time(utc(2027, 7, 4, 22.5)).day, 0u);  // monday has begun
}

// The hour from 2 to 3 is left out on the last sunday of march.
TEST_F(InBerlin, AnEntryInTheHourLeftOutBeginsAtTheJump) {
    const BandwidthPlan plan{0, {{sunday, 2 * hour + 1800, 5 * hour, 100}}};
    const double table[][2] = {{0.99, 0}, {1, 100}, {2.99, 100}, {3, 0}};
    for (const auto& [hours, rate] : table) {
        EXPECT_EQ(rate_at(plan, local_time(utc(2027, 3, 28, hours))), rate) << hours;
    }
    const BandwidthPlan within{0, {{sunday, 2 * hour, 3 * hour, 100}}};
    for (double hours = 0; hours < 24; hours += 0.25) {
        EXPECT_EQ(rate_at(within, local_time(utc(2027, 3, 28, hours))), 0u) << hours;
    }
}

// The hour from 2 to 3 comes twice on the last sunday of october.
TEST_F(InBerlin, AnEntryInTheHourThatComesTwiceHoldsTwice) {
    const BandwidthPlan plan{0, {{sunday, 2 * hour, 2 * hour + 1800, 100}}};
    const double table[][2] = {{-0.01, 0}, {0, 100}, {0.49, 100}, {0.5, 0},
                               {0.99, 0},  {1, 100}, {1.49, 100}, {1.5, 0}};
    for (const auto& [hours, rate] : table) {
        EXPECT_EQ(rate_at(plan, local_time(utc(2027, 10, 31, hours))), rate) << hours;
    }
}

// A night from 22 to 6 is seven hours long in march, nine in october.
TEST_F(InBerlin, ANightIsAsLongAsTheClockOnTheWallSays) {
    const BandwidthPlan plan{0, {{0b1111111, 22 * hour, 6 * hour, 100}}};
    const auto quarters = [&](sys::WallTime noon) {
        int count = 0;
        for (int i = 0; i < 96; ++i) {
            if (rate_at(plan, local_time(noon + std::chrono::minutes(15 * i))) != 0) ++count;
        }
        return count;
    };
    EXPECT_EQ(quarters(utc(2027, 2, 6, 11)), 8 * 4);
    EXPECT_EQ(quarters(utc(2027, 3, 27, 11)), 7 * 4);
    EXPECT_EQ(quarters(utc(2027, 10, 30, 10)), 9 * 4);
}

}  // namespace
}  // namespace reviver
