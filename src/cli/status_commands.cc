#include "cli/commands.h"
#include "cli/json_view.h"
#include "cli/text_format.h"
#include "cli/words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace reviver::cli {
namespace {

constexpr std::uint64_t mode_primary = 1;
constexpr std::uint64_t mode_replica = 2;
constexpr std::uint64_t mode_test = 3;
constexpr std::uint64_t health_ok = 1;

// All that is known of one collection.
struct Overview {
    Collection collection;
    std::vector<Vm> members;
    std::optional<Settings> settings;      // when replicated
    std::optional<Statistics> statistics;  // likewise
    std::optional<Details> details;        // likewise
};

Overview overview_of(RemoteSite& site, const Collection& collection) {
    Overview overview{collection, site.members(collection), {}, {}, {}};
    if (!is_replicated(collection)) {
        if (collection.mode == mode_test) overview.details = site.details(collection);
        return overview;
    }
    overview.settings = read_settings(site.settings(collection));
    overview.statistics = site.statistics(collection);
    overview.details = site.details(collection);
    return overview;
}

// When the newest state that is safe at the other side was cut, as far as this side knows.
std::optional<cim::DateTime> last_safe_time(const Overview& overview) {
    std::optional<cim::DateTime> cycle =
        overview.statistics ? overview.statistics->last_cycle : std::nullopt;
    if (overview.collection.mode == mode_primary) return cycle;
    return overview.collection.last_apply ? overview.collection.last_apply : cycle;
}

std::string lag_text(const Overview& overview) {
    if (!is_replicated(overview.collection)) return "-";
    auto safe = last_safe_time(overview);
    return safe ? age_text(safe, now()) : "no point yet";
}

std::string other_site(const Overview& overview) {
    if (!overview.settings) return "-";
    bool primary = overview.collection.mode == mode_primary;
    std::string name = primary ? overview.settings->to : overview.settings->from;
    if (overview.details && !overview.details->peer.empty()) name = overview.details->peer;
    return name.empty() ? "-" : fmt::format("{} {}", primary ? "to" : "from", printable(name));
}

std::string health_of(const Overview& overview) {
    return overview.statistics ? health_words(overview.statistics->health) : health_words(0);
}

std::string names_of(const std::vector<Vm>& members) {
    std::string all;
    for (const Vm& vm : members) {
        all += fmt::format("{}{} ({})", all.empty() ? "" : ", ", printable(vm.name),
                           power_words(vm.power));
    }
    return all.empty() ? "none" : all;
}

void print_issues(const Console& console, const Overview& overview) {
    if (!overview.statistics || overview.statistics->health <= health_ok) return;
    for (const std::string& issue : overview.statistics->issues) {
        console.print(
            fmt::format("  {}: {}", printable(overview.collection.name), printable(issue)));
    }
}

void print_all(const Console& console, const std::vector<Overview>& overviews) {
    if (overviews.empty()) {
        return console.print("no collections; `reviver collection create NAME` makes one");
    }
    std::vector<std::vector<std::string>> rows{
        {"COLLECTION", "STATE", "ROLE", "PEER", "LAG", "HEALTH"}};
    for (const Overview& each : overviews) {
        const Collection& collection = each.collection;
        rows.push_back({printable(collection.name), state_words(collection.state, collection.mode),
                        mode_words(collection.mode), other_site(each), lag_text(each),
                        health_of(each)});
    }
    console.out << table_text(rows);
    for (const Overview& each : overviews) print_issues(console, each);
}

std::string cycles_text(const Settings& settings, const Statistics& statistics) {
    return fmt::format("every {} s; {} done, {} missed", settings.interval_s, statistics.cycles,
                       statistics.missed_cycles);
}

std::string last_point_text(const Overview& overview) {
    auto safe = last_safe_time(overview);
    std::string time = safe ? local_time_text(*safe) : "none";
    if (!overview.details || overview.details->newest_point == 0) return time;
    return fmt::format("{} ({})", overview.details->newest_point, time);
}

std::string lag_in_full(const Overview& overview) {
    std::string lag = lag_text(overview);
    if (!overview.statistics || overview.collection.mode != mode_primary) return lag;
    return fmt::format("{}, {} not sent", lag, bytes_text(overview.statistics->pending_bytes));
}

using Rows = std::vector<std::vector<std::string>>;

std::string bandwidth_text(const Details& details) {
    const auto rate = [](std::uint64_t bytes) {
        return bytes == 0 ? std::string("no limit") : bytes_text(bytes) + "/s";
    };
    return fmt::format("{} now; all collections together {}", rate(details.bandwidth),
                       rate(details.site_bandwidth));
}

void add_replication(Rows& rows, const Overview& overview) {
    if (!overview.settings || !overview.statistics) return;
    rows.push_back({"Peer", other_site(overview)});
    rows.push_back({"Lag", lag_in_full(overview)});
    rows.push_back({"Last point", last_point_text(overview)});
    if (overview.collection.mode == mode_primary) {
        rows.push_back({"Cycles", cycles_text(*overview.settings, *overview.statistics)});
    }
    rows.push_back(
        {"History", fmt::format("{} points besides the latest", overview.settings->history)});
}

// The other site says how much it has when a slice of the copy ends.
std::string disk_update_text(const Details& details) {
    if (details.coming_disks.empty()) return "in the next point";
    const std::string what = fmt::format("copying {} {}", details.coming_disks.size(),
                                         details.coming_disks.size() == 1 ? "disk" : "disks");
    if (details.copy_bytes == 0) return what;
    return fmt::format("{}: {} of {} ({} %)", what, bytes_text(details.copied_bytes),
                       bytes_text(details.copy_bytes),
                       details.copied_bytes * 100 / details.copy_bytes);
}

void add_details(Rows& rows, const Details& details, std::uint64_t mode) {
    if (details.bandwidth != 0 || details.site_bandwidth != 0) {
        rows.push_back({"Bandwidth", bandwidth_text(details)});
    }
    if (details.failover_point != 0 && mode == mode_replica) {
        rows.push_back({"Failed over", fmt::format("to point {}", details.failover_point)});
    }
    if (mode == mode_test)
        rows.push_back({"Made from", fmt::format("point {}", details.failover_point)});
    if (details.test_point != 0) {
        rows.push_back({"Test", fmt::format("from point {}", details.test_point)});
    }
    if (details.hold_us_median != 0 && mode == mode_primary) {
        rows.push_back({"Hold", fmt::format("{:.1f} ms median, {:.1f} ms 99th percentile",
                                            static_cast<double>(details.hold_us_median) / 1e3,
                                            static_cast<double>(details.hold_us_p99) / 1e3)});
    }
    if (details.reverse_sent_bytes != 0) {
        rows.push_back({"Last reverse",
                        fmt::format("{} differed, {} sent; {} disks by bitmap, {} compared",
                                    bytes_text(details.reverse_differing_bytes),
                                    bytes_text(details.reverse_sent_bytes),
                                    details.reverse_bitmap_disks, details.reverse_compared_disks)});
    }
    if (details.disk_update) rows.push_back({"Disk update", disk_update_text(details)});
    if (details.fenced) rows.push_back({"Fenced", "the other site has taken over"});
    if (!details.trouble.empty()) rows.push_back({"Trouble", printable(details.trouble)});
}

void print_one(const Console& console, const Overview& overview) {
    const Collection& collection = overview.collection;
    Rows rows{
        {"Collection", printable(collection.name)},
        {"Id", collection.id},
        {"State", state_words(collection.state, collection.mode)},
        {"Role", mode_words(collection.mode)},
        {"Members", names_of(overview.members)},
    };
    add_replication(rows, overview);
    if (overview.details) {
        add_details(rows, *overview.details, collection.mode);
    }
    if (overview.statistics) rows.push_back({"Health", health_of(overview)});
    console.out << table_text(rows);
    print_issues(console, overview);
}

boost::json::object json_of(const Overview& overview) {
    boost::json::object all = cli::json_of(overview.collection.instance);
    all["Members"] = json_of_all(overview.members);
    if (overview.settings) all["Settings"] = cli::json_of(overview.settings->instance);
    if (overview.statistics) {
        all["Statistics"] = cli::json_of(overview.statistics->instance);
        all["HealthIssues"] = json_of_texts(overview.statistics->issues);
    }
    if (overview.details) all["Details"] = cli::json_of(overview.details->instance);
    return all;
}

Rows rows_of(const Statistics& figures) {
    return {
        {"From", figures.from ? local_time_text(*figures.from) : "unknown"},
        {"To", figures.to ? local_time_text(*figures.to) : "unknown"},
        {"Cycles", std::to_string(figures.cycles)},
        {"Missed cycles", std::to_string(figures.missed_cycles)},
        {"Last cycle", age_text(figures.last_cycle, now()) + " ago"},
        {"Sent", bytes_text(figures.sent_bytes)},
        {"Largest cycle", bytes_text(figures.sent_bytes_max)},
        {"Not sent", bytes_text(figures.pending_bytes)},
        {"Longest cycle", fmt::format("{} s", figures.latency_s_max)},
        {"Network failures", std::to_string(figures.network_failures)},
        {"Replication failures", std::to_string(figures.replication_failures)},
        {"Freezes that failed", std::to_string(figures.freeze_failures)},
        {"Last test", figures.last_test ? local_time_text(*figures.last_test) : "none"},
        {"Health", health_words(figures.health)},
    };
}

boost::json::array json_of_points(const std::vector<Point>& points) {
    boost::json::array all = json_of_all(points);
    for (std::size_t i = 0; i < points.size(); ++i) {
        all[i].as_object()["KeptAs"] = json_of_texts(points[i].kept_as);
    }
    return all;
}

void show_overviews(const Session& session) {
    std::vector<Overview> overviews;
    for (const Collection& each : session.site.collections()) {
        overviews.push_back(overview_of(session.site, each));
    }
    if (!session.console.json) return print_all(session.console, overviews);
    boost::json::array all;
    for (const Overview& each : overviews) all.push_back(json_of(each));
    print_json(session.console, all);
}

}  // namespace

void show_status(const Session& session) {
    const std::string& wanted = session.arguments.collection;
    if (wanted.empty()) return show_overviews(session);
    Overview overview = overview_of(session.site, session.site.collection(wanted));
    if (session.console.json) return print_json(session.console, json_of(overview));
    print_one(session.console, overview);
}

void remove_point(const Session& session) {
    Collection collection = session.site.collection(session.arguments.collection);
    Point point = session.site.point(collection, session.arguments.point);
    Accepted accepted =
        session.site.call(site_service, "RemovePoint", {{"CollectionRecoveryPoint", point.path}});
    finish(session, accepted, "remove point",
           fmt::format("{}: point {} is removed", collection.name, point.sequence));
}

void show_points(const Session& session) {
    Collection collection = session.site.collection(session.arguments.collection);
    std::vector<Point> points = session.site.points_and_why(collection);
    if (session.console.json) return print_json(session.console, json_of_points(points));
    if (points.empty()) {
        return session.console.print(collection.name + ": no recovery points at this site");
    }
    std::vector<std::vector<std::string>> rows{
        {"POINT", "TIME", "AGE", "CONSISTENCY", "KEPT AS", "REMARK"}};
    for (const Point& point : points) {
        rows.push_back({std::to_string(point.sequence),
                        point.created ? local_time_text(*point.created) : "unknown",
                        age_text(point.created, now()), consistency_words(point.consistency),
                        printable(fmt::format("{}", fmt::join(point.kept_as, ", "))),
                        printable(point.remark)});
    }
    session.console.out << table_text(rows);
}

void show_statistics(const Session& session) {
    Collection collection = session.site.collection(session.arguments.collection);
    if (session.arguments.reset) {
        Accepted accepted = session.site.call(replication_service, "ResetReplicationStatistics",
                                              {{"Collection", collection.path}});
        return finish(session, accepted, "reset", collection.name + ": statistics start anew");
    }
    std::optional<Statistics> found = session.site.statistics(collection);
    if (!found) {
        fail(Code::invalid_state, "{} is not replicated and has no statistics", collection.name);
    }
    if (session.console.json) return print_json(session.console, json_of(found->instance));
    const Statistics& figures = *found;
    Rows rows = rows_of(figures);
    for (const std::string& issue : figures.issues) rows.push_back({"Issue", printable(issue)});
    session.console.out << table_text(rows);
}

}  // namespace reviver::cli
