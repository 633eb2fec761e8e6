// The figures of a site in the text format that Prometheus reads (exposition format 0.0.4). Names
// and meanings are in docs/metrics.md; a name, once published, keeps its meaning.
//
// A pure function of what is given: no clock, no engine.
#pragma once

#include "model/job.h"
#include "replication/documents.h"
#include "replication/statistics.h"
#include "sys/clock.h"

#include <optional>
#include <string>
#include <vector>

namespace reviver::metrics {

struct CollectionFigures {
    replication::Collection collection;
    replication::Statistics statistics;
    replication::Health health;
    std::vector<PointInfo> points;  // on the recovery side; ascending
    std::optional<replication::Lag> lag{};
    std::uint64_t bandwidth = 0;  // bytes a second that hold now; 0: no limit
};

struct SiteFigures {
    std::string site;
    std::string version;
    sys::WallTime now;
    std::vector<CollectionFigures> collections;
    std::vector<Job> jobs;
    std::uint64_t bandwidth = 0;  // of all collections together
};

std::string prometheus_text(const SiteFigures& figures);

}  // namespace reviver::metrics
