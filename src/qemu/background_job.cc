#include "qemu/background_job.h"

#include "base/error.h"
#include "qemu/qmp_json.h"

#include <boost/json/serialize.hpp>

namespace reviver::qemu {

namespace json = boost::json;

namespace {

BackgroundJob job_of(const json::object& from) {
    const std::string status = string_field(from, "status");
    BackgroundJob job;
    job.id = string_field(from, "id");
    job.done = number_field(from, "current-progress");
    job.total = number_field(from, "total-progress");
    job.pending = status == "pending";
    job.concluded = status == "concluded";
    job.error = string_field_or(from, "error", "");
    return job;
}

}  // namespace

std::optional<BackgroundJob> background_job(const Qmp& qmp, const std::string& id) {
    const json::value jobs = call(qmp, "query-jobs");
    for (const json::value& item : array_of(jobs)) {
        if (string_field(object_of(item), "id") == id) return job_of(object_of(item));
    }
    return std::nullopt;
}

void start_stream(const Qmp& qmp, const std::string& id, const std::string& node,
                  const std::string& base) {
    call(qmp, "block-stream",
         {{"job-id", id},
          {"device", node},
          {"base-node", base},
          {"auto-finalize", false},
          {"auto-dismiss", false}});
}

void cancel_job(const Qmp& qmp, const std::string& id) {
    call(qmp, "job-cancel", {{"id", id}});
}

void dismiss_job(const Qmp& qmp, const std::string& id) {
    call(qmp, "job-dismiss", {{"id", id}});
}

void flush_node(const Qmp& qmp, const std::string& node) {
    const json::value said =
        call(qmp, "human-monitor-command", {{"command-line", "qemu-io " + node + " flush"}});
    if (!said.is_string() || !said.get_string().empty())
        fail(Code::failed, "QEMU did not write out node {}: {}", node, json::serialize(said));
}

}  // namespace reviver::qemu
