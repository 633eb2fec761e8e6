#include "cli/commands.h"
#include "cli/job_wait.h"
#include "cli/json_view.h"
#include "cli/text_format.h"
#include "cli/words.h"

#include <fmt/format.h>

namespace reviver::cli {
namespace {

constexpr std::uint16_t terminate = 4;  // RequestedState of a job

std::string state_of(const Job& job) {
    if (job.has_ended()) return job_state_words(job.state);
    return fmt::format("{}, {} %", job_state_words(job.state), job.percent);
}

std::string remark_on(const Job& job) {
    if (!job.error.empty()) return printable(job.error);
    if (job.has_ended() || !job.report.empty()) return printable(job.report);
    return printable(job.status);
}

}  // namespace

void list_jobs(const Session& session) {
    std::vector<Job> jobs = session.site.jobs();
    if (session.console.json) return print_json(session.console, json_of_all(jobs));
    std::vector<std::vector<std::string>> rows{{"ID", "STATE", "JOB", "REMARK"}};
    for (const Job& job : jobs) {
        rows.push_back({job.id, state_of(job), printable(job.name), remark_on(job)});
    }
    session.console.out << table_text(rows);
}

void show_job(const Session& session) {
    Job job = session.site.job(session.arguments.id);
    if (session.console.json) return print_json(session.console, json_of(job.instance));
    std::vector<std::vector<std::string>> rows{
        {"Job", printable(job.name)}, {"Id", job.id}, {"State", state_of(job)}};
    if (job.started) rows.push_back({"Started", local_time_text(*job.started)});
    if (!job.status.empty()) rows.push_back({"Status", printable(job.status)});
    if (!job.report.empty()) rows.push_back({"Report", printable(job.report)});
    if (!job.error.empty()) {
        rows.push_back({"Error", fmt::format("{} ({})", printable(job.error), job.error_code)});
    }
    if (!job.has_ended()) rows.push_back({"Can be cancelled", job.cancellable ? "yes" : "no"});
    session.console.out << table_text(rows);
}

void wait_for_job(const Session& session) {
    Job job = session.site.job(session.arguments.id);
    std::optional<std::chrono::seconds> patience;
    if (session.arguments.timeout_s) patience = std::chrono::seconds(*session.arguments.timeout_s);
    Job ended = wait_for_job(session.site, job.path, job.name, patience, session.console);
    if (session.console.json) return print_json(session.console, json_of(ended.instance));
    session.console.print(
        fmt::format("{}: {}", printable(ended.name), job_state_words(ended.state)));
}

void cancel_job(const Session& session) {
    Job job = session.site.job(session.arguments.id);
    session.site.call(job.path, "RequestStateChange", {{"RequestedState", terminate}});
    if (session.console.json) return print_json(session.console, {{"done", true}, {"job", job.id}});
    session.console.print(job.id + ": told to stop");
}

}  // namespace reviver::cli
