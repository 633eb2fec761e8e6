// What can be found out about a configuration before anything is started: --check, and the first
// thing at every start.
#pragma once

#include "site/config.h"

namespace reviver::daemon {

// Certificates and keys that are there and belong together, accounts that can be read, a data
// directory that can be written. Error says which file and what to do.
void check_what_it_names(const site::Config& config);

// Warns in the log of secrets that others can read.
void warn_of_open_secrets(const site::Config& config);

}  // namespace reviver::daemon
