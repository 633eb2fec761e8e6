// The parts of the configuration that hold for all relationships of the site, and that a running
// daemon takes anew: [replication] and [retention].
#pragma once

#include "model/site_policy.h"
#include "site/toml_reader.h"

namespace reviver::site {

BandwidthPlans read_bandwidth(TomlSection section);
RetentionSettings read_retention(TomlSection section);

}  // namespace reviver::site
