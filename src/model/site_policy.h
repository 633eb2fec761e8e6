// What the administrator of a site set for all relationships that it takes part in, in its
// configuration: they are properties of the site, which no setting of a relationship has.
#pragma once

#include "model/bandwidth.h"

#include <cstdint>

namespace reviver {

// Which points a recovery site keeps besides the newest, and besides the one an hour of
// RecoveryHistory.
struct RetentionSettings {
    std::uint32_t all_minutes = 10;  // every point that is not older
    std::uint32_t daily = 0;         // points, one a day
    std::uint32_t weekly = 0;        // points, one a week
    bool operator==(const RetentionSettings&) const = default;
};

struct SitePolicy {
    BandwidthPlans bandwidth;
    RetentionSettings retention;
};

}  // namespace reviver
