#include "metrics/metrics_door.h"

#include <gmock/gmock.h>

namespace reviver::metrics {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const sys::WallTime now = sys::WallTime() + std::chrono::hours(24 * 365 * 55);

CollectionFigures shop(Role role) {
    CollectionFigures figures;
    figures.collection.id = *CollectionId::parse("11111111-2222-4333-8444-555555555555");
    figures.collection.name = "the \"shop\"";
    figures.collection.place = {role, State::replicating};
    figures.collection.settings.interval_s = 30;
    figures.health.level = HealthLevel::warning;
    figures.statistics.success_count = 7;
    figures.statistics.miss_count = 2;
    figures.statistics.size_bytes = 4096;
    figures.statistics.network_failures = 3;
    figures.statistics.last_success = now - 42s;
    figures.statistics.hold_us = {10'000, 20'000, 30'000};
    return figures;
}

std::string text_of(std::vector<CollectionFigures> collections) {
    return prometheus_text({"west", "9.9", now, std::move(collections), {}});
}

const std::string shop_labels =
    "{collection=\"the \\\"shop\\\"\",collection_id=\"11111111-2222-4333-8444-555555555555\"";

TEST(SiteFigures, ACollectionAtItsPrimary) {
    const std::string text = text_of({shop(Role::primary)});
    EXPECT_THAT(text, HasSubstr("reviver_site_info{site=\"west\",version=\"9.9\"} 1"));
    EXPECT_THAT(text, HasSubstr("reviver_recovery_point_age_seconds" + shop_labels + "} 42"));
    EXPECT_THAT(text, HasSubstr("reviver_collection_health" + shop_labels + "} 2"));
    EXPECT_THAT(text, HasSubstr("reviver_cycles_total" + shop_labels + ",result=\"missed\"} 2"));
    EXPECT_THAT(text, HasSubstr("reviver_sent_bytes_total" + shop_labels + "} 4096"));
    EXPECT_THAT(text,
                HasSubstr("reviver_cycle_failures_total" + shop_labels + ",cause=\"network\"} 3"));
    EXPECT_THAT(text, HasSubstr("reviver_hold_seconds" + shop_labels + ",quantile=\"0.5\"} 0.02"));
    EXPECT_THAT(text, HasSubstr("# TYPE reviver_cycles_total counter"));
}

TEST(SiteFigures, ACollectionAtItsRecoverySideIsAsOldAsItsNewestPoint) {
    auto figures = shop(Role::replica);
    for (const auto age : {90s, 15s}) {
        PointInfo point;
        point.cut_time = now - age;
        point.size_bytes = 1000;
        figures.points.push_back(point);
    }
    const std::string text = text_of({figures});
    EXPECT_THAT(text, HasSubstr("reviver_recovery_point_age_seconds" + shop_labels + "} 15"));
    EXPECT_THAT(text, HasSubstr("reviver_recovery_points" + shop_labels + "} 2"));
    EXPECT_THAT(text, HasSubstr("reviver_recovery_points_bytes" + shop_labels + "} 2000"));
}

TEST(SiteFigures, TheLagAndTheBandwidthThatHoldNow) {
    auto figures = shop(Role::primary);
    figures.lag = {75s, 65s};
    figures.bandwidth = 2 << 20;
    const std::string text =
        prometheus_text({"west", "9.9", now, {figures, shop(Role::replica)}, {}, 8 << 20});
    EXPECT_THAT(text, HasSubstr("reviver_lag_seconds" + shop_labels + "} 75"));
    EXPECT_THAT(text, HasSubstr("reviver_lag_allowed_seconds" + shop_labels + "} 65"));
    EXPECT_THAT(text, HasSubstr("reviver_site_bandwidth_limit_bytes_per_second 8388608"));
    EXPECT_THAT(text,
                HasSubstr("reviver_bandwidth_limit_bytes_per_second" + shop_labels + "} 2097152"));
}

TEST(SiteFigures, WhatHasNotHappenedIsAbsent) {
    auto figures = shop(Role::primary);
    figures.statistics = {};
    const std::string text = text_of({figures});
    EXPECT_THAT(text, Not(HasSubstr("reviver_recovery_point_age_seconds{")));
    EXPECT_THAT(text, Not(HasSubstr("reviver_hold_seconds{")));
    EXPECT_THAT(text, Not(HasSubstr("reviver_lag_seconds{")));
    EXPECT_THAT(text_of({shop(Role::none)}), Not(HasSubstr("reviver_cycles_total{")));
}

TEST(MetricsDoor, AnswersAViewerAndNobodyElse) {
    MetricsDoor door([] { return SiteFigures{"west", "9.9", now, {}, {}}; });
    server::HttpRequest request;
    request.method = "GET";
    EXPECT_EQ(door.refuse_before_body(request), 0u);
    const auto reply = door.handle(request, cim::Principal("v", {cim::Role::viewer}));
    EXPECT_EQ(reply.status, 200u);
    EXPECT_THAT(reply.body, HasSubstr("reviver_jobs{state=\"running\"} 0"));
    EXPECT_EQ(door.handle(request, cim::Principal("nobody", {cim::Role::peer})).status, 403u);
    request.method = "POST";
    EXPECT_EQ(door.refuse_before_body(request), 405u);
}

}  // namespace
}  // namespace reviver::metrics
