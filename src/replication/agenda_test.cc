#include "replication/agenda.h"

#include "base/error.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

namespace reviver::replication {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr sys::WallTime midnight{hours(24) * 20000};

Collection waiting() {
    Collection c;
    c.name = "shop";
    c.place = {Role::primary, State::waiting_for_resync};
    return c;
}

class AgendaTest : public testing::Test {
  protected:
    AgendaTest() {
        setenv("TZ", "UTC-2", 1);  // two hours east of Greenwich
        tzset();
    }
    ~AgendaTest() override {
        unsetenv("TZ");
        tzset();
    }
};

TEST_F(AgendaTest, AWindowIsInLocalTimeAndMayCrossMidnight) {
    Settings settings;
    EXPECT_TRUE(in_resync_window(settings, midnight - seconds(1)));
    settings.auto_resync_start_s = 18 * 3600 + 1800;
    settings.auto_resync_end_s = 6 * 3600;
    const sys::WallTime local_midnight = midnight - hours(2);
    EXPECT_TRUE(in_resync_window(settings, local_midnight));
    EXPECT_TRUE(in_resync_window(settings, local_midnight + hours(6)));
    EXPECT_FALSE(in_resync_window(settings, local_midnight + hours(6) + seconds(1)));
    EXPECT_FALSE(in_resync_window(settings, local_midnight + hours(18)));
    EXPECT_TRUE(in_resync_window(settings, local_midnight + hours(18) + minutes(30)));
    settings.auto_resync_start_s = 3600;
    settings.auto_resync_end_s = 7200;
    EXPECT_FALSE(in_resync_window(settings, local_midnight));
    EXPECT_TRUE(in_resync_window(settings, local_midnight + hours(2)));
}

TEST_F(AgendaTest, AResynchronizationWaitsForItsTimeItsWindowOrAPerson) {
    const sys::WallTime now = midnight + hours(10);
    Collection c = waiting();
    EXPECT_TRUE(resync_is_due(c, now));
    EXPECT_EQ(agenda_text(c, now), "");

    c.settings.auto_resync_start_s = 18 * 3600;
    c.settings.auto_resync_end_s = 19 * 3600;
    EXPECT_FALSE(resync_is_due(c, now));
    EXPECT_NE(agenda_text(c, now).find("18:00"), std::string::npos);

    c.settings.auto_resync = false;
    EXPECT_FALSE(resync_is_due(c, midnight + hours(16)));
    EXPECT_NE(agenda_text(c, now).find("resynchronize it"), std::string::npos);

    c.agenda.resync_asked = true;
    c.agenda.resync_at = now + hours(1);
    EXPECT_FALSE(resync_is_due(c, now));
    EXPECT_NE(agenda_text(c, now).find("starts at"), std::string::npos);
    EXPECT_TRUE(resync_is_due(c, now + hours(1)));

    c = waiting();
    c.agenda.resync_cancelled = true;
    EXPECT_FALSE(resync_is_due(c, now));
}

TEST_F(AgendaTest, AnInitialReplicationStartsWhenItIsTimeAndTheCollectionIsReady) {
    Collection c = waiting();
    c.place.state = State::ready;
    EXPECT_FALSE(initial_is_due(c, midnight));
    c.agenda.initial_asked = true;
    c.agenda.initial_at = midnight;
    EXPECT_FALSE(initial_is_due(c, midnight - seconds(1)));
    EXPECT_NE(agenda_text(c, midnight - seconds(1)).find("starts at"), std::string::npos);
    EXPECT_TRUE(initial_is_due(c, midnight));
    c.place.state = State::initial_replication;
    EXPECT_FALSE(initial_is_due(c, midnight));
}

TEST_F(AgendaTest, SevenDaysAheadAreTheMost) {
    require_start_time(midnight + start_ahead_max, midnight);
    require_start_time(midnight - hours(1), midnight);
    EXPECT_THROW(require_start_time(midnight + start_ahead_max + seconds(1), midnight), Error);
}

}  // namespace
}  // namespace reviver::replication
