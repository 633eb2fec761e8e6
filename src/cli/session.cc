#include "cli/session.h"

#include "cli/job_wait.h"
#include "cli/json_view.h"
#include "cli/text_format.h"

#include <fmt/format.h>

namespace reviver::cli {

bool waits(const Session& session) {
    return session.arguments.wait.value_or(session.console.shows_progress);
}

std::optional<Job> wait_for(const Session& session, const Accepted& accepted,
                            const std::string& title) {
    if (!accepted.job) return std::nullopt;
    std::optional<std::chrono::seconds> patience;
    if (session.arguments.timeout_s) patience = std::chrono::seconds(*session.arguments.timeout_s);
    return wait_for_job(session.site, *accepted.job, title, patience, session.console);
}

void finish(const Session& session, const Accepted& accepted, const std::string& title,
            const std::string& done) {
    bool waited = !accepted.job || waits(session);
    std::optional<Job> job;
    if (waited) job = wait_for(session, accepted, title);
    if (session.console.json) {
        boost::json::object answer{{"done", waited}};
        if (accepted.job) answer["job"] = accepted.job->key_text("InstanceID");
        if (job) answer["report"] = job->report;
        return print_json(session.console, answer);
    }
    if (!waited) return session.console.print(accepted.job->key_text("InstanceID"));
    session.console.print(printable(done));
    if (job && !job->report.empty()) session.console.print(printable(job->report));
}

}  // namespace reviver::cli
