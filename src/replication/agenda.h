// When what was asked for, or is needed, may begin: an initial replication at a time of its own, a
// resynchronization at its time or in the hours that the settings leave to automatic ones.
//
// Pure but for the time zone of the host, which decides what "18:30" means.
#pragma once

#include "replication/documents.h"

namespace reviver::replication {

constexpr std::chrono::hours start_ahead_max{7 * 24};

// Throws Code::invalid_parameter for a time more than seven days ahead. A time that has passed
// means now.
void require_start_time(sys::WallTime at, sys::WallTime now);

// Is it a time of day at which resynchronizations may start by themselves? The window may cross
// midnight; both ends are in it.
bool in_resync_window(const Settings& settings, sys::WallTime now);

bool initial_is_due(const Collection& collection, sys::WallTime now);
// Of a primary that waits for its resynchronization.
bool resync_is_due(const Collection& collection, sys::WallTime now);

// For people: what the collection waits for; empty when nothing.
std::string agenda_text(const Collection& collection, sys::WallTime now);

}  // namespace reviver::replication
