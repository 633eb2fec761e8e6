// What systemd wants to know (sd_notify(3)) and tells (JOURNAL_STREAM), without its library.
#pragma once

#include <string_view>

namespace reviver::daemon {

// Sends "READY=1", "STOPPING=1" or the like where NOTIFY_SOCKET says. Nothing without a service
// manager, and nothing when it does not listen: the daemon works without.
void tell_service_manager(std::string_view state);

// Does stderr go to the journal?
bool logs_to_journal();

}  // namespace reviver::daemon
