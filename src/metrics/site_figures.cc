#include "metrics/site_figures.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <sstream>

namespace reviver::metrics {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

double seconds(sys::Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

// One family, filled sample by sample.
class Family {
  public:
    Family(std::string name, std::string help, MetricType type) {
        family_.name = "reviver_" + std::move(name);
        family_.help = std::move(help);
        family_.type = type;
    }

    void add(Labels labels, double value) {
        ClientMetric& metric = family_.metric.emplace_back();
        metric.label = std::move(labels);
        metric.gauge.value = metric.counter.value = value;
    }
    MetricFamily take() { return std::move(family_); }

  private:
    MetricFamily family_;
};

Family gauge(std::string name, std::string help) {
    return {std::move(name), std::move(help), MetricType::Gauge};
}

Family counter(std::string name, std::string help) {
    return {std::move(name), std::move(help), MetricType::Counter};
}

Labels labels_of(const CollectionFigures& figures) {
    return {{"collection", figures.collection.name},
            {"collection_id", figures.collection.id.text()}};
}

Labels with(Labels labels, std::string name, std::string value) {
    labels.push_back({std::move(name), std::move(value)});
    return labels;
}

bool replicates(const CollectionFigures& figures) {
    return is_in_relationship(figures.collection.place.role);
}

// When the newest state that the other side could bring up was taken; the epoch's start: never.
sys::WallTime recoverable_to(const CollectionFigures& figures) {
    if (figures.collection.place.role == Role::replica && !figures.points.empty())
        return figures.points.back().cut_time;
    return figures.statistics.last_success;
}

class Page {
  public:
    explicit Page(const SiteFigures& site) : site_(site) {}

    std::string text() {
        about_the_site();
        about_states();
        about_lag();
        about_bandwidth();
        about_cycles();
        about_points();
        std::ostringstream out;
        prometheus::TextSerializer().Serialize(out, families_);
        return out.str();
    }

  private:
    template <class Value>
    void of_each(Family family, const Value& value) {
        for (const auto& each : site_.collections)
            if (replicates(each)) family.add(labels_of(each), value(each));
        families_.push_back(family.take());
    }

    void about_the_site() {
        Family info =
            gauge("site_info", "Always 1; the labels say which site and version this is.");
        info.add({{"site", site_.site}, {"version", site_.version}}, 1);
        families_.push_back(info.take());

        std::map<std::string, double> by_state{
            {"running", 0}, {"completed", 0}, {"failed", 0}, {"cancelled", 0}};
        for (const Job& job : site_.jobs) ++by_state[word_of(job)];
        Family jobs = gauge("jobs", "Jobs that run or ended in the last minutes, by how they are.");
        for (const auto& [state, count] : by_state) jobs.add({{"state", state}}, count);
        families_.push_back(jobs.take());
    }

    static std::string word_of(const Job& job) {
        switch (job.state) {
            case JobState::completed:
                return "completed";
            case JobState::exception:
                return "failed";
            case JobState::terminated:
                return "cancelled";
            case JobState::running:
                return "running";
        }
        return "unknown";
    }

    void about_states() {
        Family state =
            gauge("collection_state",
                  "ReplicationState as a number; the labels say role and state in words.");
        for (const auto& each : site_.collections) {
            const auto& place = each.collection.place;
            Labels labels = with(labels_of(each), "role", std::string(name_of(place.role)));
            labels = with(std::move(labels), "state", std::string(name_of(place.state)));
            state.add(std::move(labels), static_cast<double>(place.state));
        }
        families_.push_back(state.take());
        of_each(gauge("collection_health", "ReplicationHealth: 1 ok, 2 warning, 3 critical."),
                [](const auto& c) { return static_cast<double>(c.health.level); });
    }

    void about_lag() {
        Family lag = gauge("recovery_point_age_seconds",
                           "How far back a failover now would go; absent before the first point.");
        for (const auto& each : site_.collections) {
            const sys::WallTime newest = recoverable_to(each);
            if (replicates(each) && newest != sys::WallTime())
                lag.add(labels_of(each), seconds(site_.now - newest));
        }
        families_.push_back(lag.take());
        Family since =
            gauge("lag_seconds", "Since a point got across, while points should be coming.");
        Family allowed =
            gauge("lag_allowed_seconds",
                  "Two intervals and an ordinary cycle; health warns of a longer lag.");
        for (const auto& each : site_.collections) {
            if (!each.lag) continue;
            since.add(labels_of(each), seconds(each.lag->age));
            allowed.add(labels_of(each), seconds(each.lag->allowed));
        }
        families_.push_back(since.take());
        families_.push_back(allowed.take());
        of_each(gauge("replication_interval_seconds", "Seconds from cycle to cycle, as set."),
                [](const auto& c) { return c.collection.settings.interval_s; });
        of_each(gauge("pending_bytes", "Changed and not yet sent, at the last look."),
                [](const auto& c) { return static_cast<double>(c.statistics.pending_bytes); });
    }

    void about_bandwidth() {
        Family site = gauge("site_bandwidth_limit_bytes_per_second",
                            "Of all links together, at this hour; 0 is no limit.");
        site.add({}, static_cast<double>(site_.bandwidth));
        families_.push_back(site.take());
        of_each(gauge("bandwidth_limit_bytes_per_second",
                      "Of the links of the collection, at this hour; 0 is no limit."),
                [](const auto& c) { return static_cast<double>(c.bandwidth); });
    }

    void about_cycles() {
        Family cycles = counter("cycles_total", "Cycles by how they ended.");
        Family failures = counter("cycle_failures_total", "Failures by where they come from.");
        Family hold = gauge("hold_seconds", "How long the group was held for a cut, by quantile.");
        for (const auto& each : site_.collections) {
            if (!replicates(each)) continue;
            const auto& s = each.statistics;
            const Labels labels = labels_of(each);
            cycles.add(with(labels, "result", "sent"), static_cast<double>(s.success_count));
            cycles.add(with(labels, "result", "missed"), static_cast<double>(s.miss_count));
            failures.add(with(labels, "cause", "network"), s.network_failures);
            failures.add(with(labels, "cause", "replication"), s.replication_failures);
            failures.add(with(labels, "cause", "application"), s.application_failures);
            if (s.hold_us.empty()) continue;
            hold.add(with(labels, "quantile", "0.5"), replication::hold_us_percentile(s, 50) / 1e6);
            hold.add(with(labels, "quantile", "0.99"),
                     replication::hold_us_percentile(s, 99) / 1e6);
        }
        families_.push_back(cycles.take());
        families_.push_back(failures.take());
        families_.push_back(hold.take());
        of_each(counter("sent_bytes_total", "Sent to the other site, as counted on the wire."),
                [](const auto& c) { return static_cast<double>(c.statistics.size_bytes); });
        of_each(gauge("cycle_failures_in_a_row", "0 when the last cycle got across."),
                [](const auto& c) { return c.statistics.failures_in_a_row; });
    }

    void about_points() {
        of_each(gauge("recovery_points", "Recovery points that are kept at this site."),
                [](const auto& c) { return static_cast<double>(c.points.size()); });
        of_each(gauge("recovery_points_bytes", "What the layers of these points take on disk."),
                [](const auto& c) {
                    double bytes = 0;
                    for (const PointInfo& point : c.points)
                        bytes += static_cast<double>(point.size_bytes);
                    return bytes;
                });
    }

    const SiteFigures& site_;
    std::vector<MetricFamily> families_;
};

}  // namespace

std::string prometheus_text(const SiteFigures& figures) {
    return Page(figures).text();
}

}  // namespace reviver::metrics
