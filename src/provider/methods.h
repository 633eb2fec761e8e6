// What the methods of the services have in common: how a refusal is answered, and a job.
#pragma once

#include "cim/provider.h"
#include "model/job.h"
#include "replication/engine.h"

#include <functional>
#include <initializer_list>
#include <string>

namespace reviver::provider {

// Runs a method's body. An Error is answered by the return value that its code has in the ValueMap;
// its text has no place there, so the answer names a failed job that says it.
using Body = std::function<void(const cim::Call& call, cim::MethodResult& result)>;
cim::MethodHandler method(replication::Engine& engine, Body body);

void answer_job(cim::MethodResult& result, JobId job);

// Documented, and not offered: the code says so, and the job that goes with it why.
void refuse_methods(cim::Registry& registry, replication::Engine& engine, const char* service,
                    std::initializer_list<const char*> names, const std::string& why);

// Code::invalid_parameter when the argument is NULL.
const cim::Value& required_argument(const cim::Call& call, const char* name);

}  // namespace reviver::provider
