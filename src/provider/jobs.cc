// Jobs: Msvm_ConcreteJob with its methods, and what they belong to.

#include "cim/embedded_text.h"
#include "provider/live_instances.h"
#include "provider/names.h"
#include "provider/return_codes.h"
#include "provider/service_instances.h"
#include "provider/sources.h"
#include "replication/limits.h"

namespace reviver::provider {

namespace {

using replication::Engine;

constexpr std::int64_t microseconds_a_second = 1'000'000;

// Of a job that failed: one for each member that it failed for, or that of the job alone, which
// names no VM.
std::vector<MemberError> errors_of(const Job& job) {
    if (!job.member_errors.empty()) return job.member_errors;
    return {{VmId(), job.code, job.error}};
}

MemberError first_error(const Job& job) {
    return errors_of(job).front();
}

}  // namespace

cim::Instance job_instance(const Job& job, sys::WallTime now) {
    cim::Instance instance("Msvm_ConcreteJob");
    const bool failed = job.state == JobState::exception;
    instance.set("InstanceID", job.id.text());
    instance.set("Name", job.name);
    instance.set("ElementName", job.name);
    instance.set("Caption", job.name);
    instance.set("Description", job.report.empty() ? job.status : job.report);
    instance.set("JobState", static_cast<std::uint16_t>(job.state));
    instance.set("JobType", static_cast<std::uint16_t>(job.type));
    instance.set("PercentComplete", job.percent);
    instance.set("OperationalStatus",
                 std::vector<std::uint16_t>{failed ? std::uint16_t{6} : std::uint16_t{2}});
    instance.set("StatusDescriptions", std::vector<std::string>{failed ? "Error" : "OK"});
    instance.set("JobStatus", failed ? "Failed" : job.status);
    instance.set("Status", failed ? "Error" : "OK");
    instance.set("HealthState", failed ? std::uint16_t{25} : std::uint16_t{5});
    instance.set("Owner", job.owner);
    instance.set("Cancellable", job.cancellable);
    instance.set("TimeSubmitted", datetime_of(job.started));
    instance.set("StartTime", datetime_of(job.started));
    const sys::WallTime end = job.state == JobState::running ? now : job.ended;
    instance.set("ElapsedTime", cim::DateTime::interval((end - job.started).count()));
    instance.set("TimeOfLastStateChange",
                 datetime_of(job.state == JobState::running ? job.started : job.ended));
    instance.set(
        "TimeBeforeRemoval",
        cim::DateTime::interval(std::chrono::seconds(replication::limits::job_kept).count() *
                                microseconds_a_second));
    instance.set("DeleteOnCompletion", true);
    instance.set("ErrorCode",
                 static_cast<std::uint16_t>(failed ? return_value_of(first_error(job).code) : 0));
    if (failed) {
        instance.set("ErrorDescription", first_error(job).text);
        instance.set("ErrorSummaryDescription", job.error);
    }
    return instance;
}

namespace {

cim::Instance error_of(const Job& job, const MemberError& what) {
    cim::Instance error("Msvm_Error");
    error.set("Message", what.text);
    error.set("MessageID", std::to_string(return_value_of(what.code)));
    error.set("CIMStatusCode", std::uint32_t{1});
    error.set("ErrorType", std::uint16_t{4});
    error.set("PerceivedSeverity", std::uint16_t{5});
    error.set("ProbableCause", std::uint16_t{0});
    error.set("OwningEntity", "Reviver");
    if (what.vm != VmId()) {
        error.set("ErrorSource", path_of_vm(what.vm).text());
    } else if (job.collection != CollectionId()) {
        error.set("ErrorSource",
                  path_of_collection("Msvm_VirtualSystemCollection", job.collection).text());
    }
    return error;
}

Job job_of(Engine& engine, const cim::ObjectPath& path) {
    const auto id = JobId::parse(path.key_text("InstanceID"));
    const auto job = id ? engine.jobs().find(*id) : std::nullopt;
    if (!job)
        fail(Code::not_found, "there is no job {}; jobs are kept five minutes after their end",
             path.key_text("InstanceID"));
    return *job;
}

cim::MethodResult get_error(Engine& engine, const cim::Call& call, bool all) {
    const Job job = job_of(engine, call.object);
    cim::MethodResult result;
    if (job.state != JobState::exception) return result;
    std::vector<cim::Value> texts;
    for (const MemberError& error : errors_of(job))
        texts.push_back(cim::write_embedded(error_of(job, error)));
    if (all) {
        result.out["Errors"] = cim::Value::array(cim::Type::string, texts);
    } else {
        result.out["Error"] = texts.front();
    }
    return result;
}

// 4 terminates, 5 kills; neither differs for work that ends at the next safe place.
cim::MethodResult request_state_change(Engine& engine, const cim::Call& call) {
    const cim::Value& wanted = call.argument("RequestedState");
    const std::uint64_t state = wanted.is_null() ? 0 : wanted.as_unsigned();
    cim::MethodResult result;
    if (state != 4 && state != 5) {
        result.return_value = 32770;
        return result;
    }
    try {
        engine.jobs().cancel(job_of(engine, call.object).id);
    } catch (const Error& error) {
        result.return_value = return_value_of(error.code());
    }
    return result;
}

cim::Instance affecting(const Job& job, CollectionId collection, std::uint16_t effect) {
    cim::Instance link("Msvm_AffectedJobElement");
    link.set("AffectedElement", path_of_collection("Msvm_VirtualSystemCollection", collection));
    link.set("AffectingElement", path_of_job(job.id));
    link.set("ElementEffects", std::vector<std::uint16_t>{effect});
    return link;
}

std::vector<cim::Instance> affected(Engine& engine) {
    constexpr std::uint16_t unknown = 0, create = 5;
    std::vector<cim::Instance> result;
    for (const Job& job : engine.jobs().list()) {
        if (job.collection == CollectionId()) continue;
        result.push_back(affecting(job, job.collection, unknown));
        if (engine.collection(job.result)) result.push_back(affecting(job, job.result, create));
    }
    return result;
}

std::vector<cim::Instance> owned(Engine& engine, const ServiceName& owner) {
    std::vector<cim::Instance> result;
    for (const Job& job : engine.jobs().list()) {
        cim::Instance link("Msvm_OwningJobElement");
        link.set("OwningElement", path_of_service(owner, engine));
        link.set("OwnedElement", path_of_job(job.id));
        result.push_back(std::move(link));
    }
    return result;
}

}  // namespace

void bind_jobs(cim::Registry& registry, Engine& engine) {
    bind_list(registry, "Msvm_ConcreteJob", [&engine] {
        std::vector<cim::Instance> result;
        for (const Job& job : engine.jobs().list())
            result.push_back(job_instance(job, engine.now()));
        return result;
    });
    bind_list(registry, "Msvm_AffectedJobElement", [&engine] { return affected(engine); });
    const bool of_collections = registry.schema().find(replication_service.class_name) != nullptr;
    const ServiceName owner = of_collections ? replication_service : vm_replication_service;
    bind_list(registry, "Msvm_OwningJobElement", [&engine, owner] { return owned(engine, owner); });
    registry.bind_method("Msvm_ConcreteJob", "GetError", [&engine](const cim::Call& call) {
        return get_error(engine, call, false);
    });
    registry.bind_method("Msvm_ConcreteJob", "GetErrorEx", [&engine](const cim::Call& call) {
        return get_error(engine, call, true);
    });
    registry.bind_method(
        "Msvm_ConcreteJob", "RequestStateChange",
        [&engine](const cim::Call& call) { return request_state_change(engine, call); });
}

}  // namespace reviver::provider
