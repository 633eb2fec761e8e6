// The identity of a site: a UUID that the first start writes into the data directory, and that goes
// where the data goes.
#pragma once

#include "model/names.h"
#include "sys/world.h"

#include <filesystem>

namespace reviver::daemon {

// Error(corrupt) when the file holds something else: a new identity would make this site a stranger
// to its peers.
SiteId load_or_make_site_id(sys::World& world, const std::filesystem::path& data_directory);

}  // namespace reviver::daemon
