#include "provider/methods.h"

#include "base/error.h"
#include "base/log.h"
#include "provider/names.h"
#include "provider/return_codes.h"

namespace reviver::provider {

namespace {

// The collection that a call is about, as far as one can be made out.
CollectionId collection_if_any(const cim::Call& call) {
    const cim::Value& value = call.argument("Collection");
    if (value.is_null()) return {};
    return CollectionId::parse(value.as_reference().key_text("CollectionID"))
        .value_or(CollectionId());
}

}  // namespace

cim::MethodHandler method(replication::Engine& engine, Body body) {
    return [&engine, body = std::move(body)](const cim::Call& call) {
        cim::MethodResult result;
        try {
            body(call, result);
        } catch (const Error& error) {
            log_warning("{} by {}: {}", call.method, call.who.name(), error.what());
            Job refused;
            refused.name = call.method;
            refused.owner = call.who.name();
            refused.collection = collection_if_any(call);
            result = {};
            result.return_value = return_value_of(error.code());
            result.out["Job"] = path_of_job(engine.jobs().note_refusal(refused, error));
        }
        return result;
    };
}

void answer_job(cim::MethodResult& result, JobId job) {
    result.return_value = job_started;
    result.out["Job"] = path_of_job(job);
}

void refuse_methods(cim::Registry& registry, replication::Engine& engine, const char* service,
                    std::initializer_list<const char*> names, const std::string& why) {
    const auto refuse = [why](const cim::Call& call, cim::MethodResult&) {
        fail(Code::not_supported, "{} is not offered: {}", call.method, why);
    };
    for (const char* name : names) {
        registry.bind_method(service, name, method(engine, refuse));
    }
}

const cim::Value& required_argument(const cim::Call& call, const char* name) {
    const cim::Value& value = call.argument(name);
    if (value.is_null()) fail(Code::invalid_parameter, "{} is NULL", name);
    return value;
}

}  // namespace reviver::provider
