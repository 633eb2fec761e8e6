// What every command is given, and what most of them end with.
#pragma once

#include "cli/arguments.h"
#include "cli/console.h"
#include "cli/remote_site.h"

#include <string>
#include <vector>

namespace reviver::cli {

struct Session {
    const Arguments& arguments;
    const Console& console;
    RemoteSite& site;
};

// Ends a command whose method was accepted: waits for the job if that is wanted and says `done`, or
// prints the id of the job. `title` names the job while it is waited for.
void finish(const Session& session, const Accepted& accepted, const std::string& title,
            const std::string& done);
// Is it wanted that commands wait?
bool waits(const Session& session);
// For commands that cannot go on before the job has ended, whatever is wanted. Answers the ended
// job; nothing when there was none.
std::optional<Job> wait_for(const Session& session, const Accepted& accepted,
                            const std::string& title);

}  // namespace reviver::cli
