// Operations on instances, and methods.
#include "rest/operations.h"

#include "cim/cim_error.h"
#include "rest/json_values.h"
#include "rest/limits.h"
#include "rest/problem.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace reviver::rest {

namespace json = boost::json;
using cim::CimError;
using cim::Found;
using cim::Status;

namespace {

constexpr std::uint64_t job_started = 4096;  // what methods of CIM return with a job

[[noreturn]] void bad_parameter(const std::string& text) {
    throw CimError(Status::invalid_parameter, text);
}

std::size_t items_wanted(const Operation& operation) {
    const std::string text = operation.parameter("limit");
    if (text.empty()) return limits::page_items_default;
    std::size_t number = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stop != end || number == 0) {
        bad_parameter("limit must be a number above 0");
    }
    return number;
}

// One page of what is left. An enumeration that has more is kept under a name that the next page is
// asked by.
server::HttpReply page(const Operation& operation, server::Enumeration enumeration,
                       std::size_t count) {
    std::string items = server::take_items(enumeration, count, operation.page_bytes_max);
    if (!items.empty()) items.pop_back();  // the last comma
    server::HttpReply reply = json_reply(200, nullptr);
    reply.body = "{\"instances\":[" + items + "]";
    if (!enumeration.at_end()) {
        const std::string name =
            operation.contexts.keep(operation.who.name(), std::move(enumeration));
        // By the namespace's own name: what was asked for can have anything in it, even quotes.
        const std::string& name_space =
            operation.objects.schema(operation.name_space()).name_space();
        const json::string next(fmt::format("{}/{}/pages/{}?limit={}", api_root,
                                            namespace_segment(name_space), name, count));
        reply.body += ",\"next\":" + json::serialize(next);
    }
    reply.body += "}\n";
    return reply;
}

server::HttpReply first_page(const Operation& operation, std::vector<Found> found) {
    const cim::Schema& schema = operation.objects.schema(operation.name_space());
    server::Enumeration enumeration;
    enumeration.kind = "json";
    enumeration.size = found.size();
    enumeration.item = [&schema, found = std::move(found)](std::size_t index) {
        const Found& one = found[index];
        return json::serialize(instance_json(schema, one.instance, &one.path)) + ",";
    };
    return page(operation, std::move(enumeration), items_wanted(operation));
}

void allow_parameters(const Operation& operation, std::initializer_list<const char*> known) {
    for (const auto& [name, value] : operation.query) {
        const bool is_known = std::any_of(known.begin(), known.end(),
                                          [&name = name](const char* one) { return name == one; });
        if (!is_known) bad_parameter(fmt::format("there is no parameter {} here", name));
    }
}

cim::AssociationFilter neighbours(const Operation& operation) {
    return {operation.parameter("association"), operation.parameter("class"),
            operation.parameter("role"), operation.parameter("resultRole")};
}

// Names, with commas between: anything else would be another part of the query.
void require_names(std::string_view properties) {
    const auto plain = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == ',' || c == ' ';
    };
    if (!std::all_of(properties.begin(), properties.end(), plain))
        bad_parameter("properties has names of properties, with commas between");
}

server::HttpReply list_of_class(const Operation& operation, const std::string& class_name) {
    allow_parameters(operation, {"filter", "properties", "limit"});
    const std::string filter = operation.parameter("filter");
    const std::string properties = operation.parameter("properties");
    if (filter.empty() && properties.empty()) {
        return first_page(operation, operation.objects.enumerate(
                                         operation.who, operation.name_space(), class_name,
                                         cim::Polymorphism::include_subclass_properties));
    }
    require_names(properties);
    // The class is looked up first, so that its name can only be a name in the query.
    const cim::Class& its_class =
        operation.objects.get_class(operation.who, operation.name_space(), class_name);
    std::string query =
        fmt::format("SELECT {} FROM {}", properties.empty() ? "*" : properties, its_class.name);
    if (!filter.empty()) query += " WHERE " + filter;
    return first_page(operation,
                      operation.objects.query(operation.who, operation.name_space(), query).found);
}

// --- methods

json::object arguments_json(const Operation& operation) {
    if (operation.body.empty()) return {};
    json::parse_options options;
    options.max_depth = limits::json_depth_max;
    boost::system::error_code error;
    json::value parsed = json::parse(operation.body, error, {}, options);
    if (error) bad_parameter(fmt::format("the body is no JSON: {}", error.message()));
    if (!parsed.is_object()) bad_parameter("the body must be an object: {\"Parameter\": value}");
    return std::move(parsed.get_object());
}

cim::Arguments arguments_in(const Operation& operation, const cim::Schema& schema,
                            const cim::Method& method) {
    cim::Arguments arguments;
    for (const auto& [key, value] : arguments_json(operation)) {
        const std::string name(key);
        const cim::Parameter* parameter = method.find(name);
        if (!parameter) bad_parameter(fmt::format("{} has no parameter {}", method.name, name));
        if (!arguments.emplace(name, value_of(schema, *parameter, value)).second) {
            bad_parameter(fmt::format("{} comes twice", name));
        }
    }
    return arguments;
}

// The job that the work goes on in, where one was begun: the reference among the results.
const cim::ObjectPath* job_in(const cim::Schema& schema, const cim::Method& method,
                              const cim::MethodResult& result) {
    if (result.return_value != job_started) return nullptr;
    for (const cim::Parameter& parameter : method.parameters) {
        const auto out = result.out.find(parameter.name);
        if (out == result.out.end() || out->second.is_null() || out->second.is_array()) continue;
        if (out->second.type() != cim::Type::reference) continue;
        const bool is_job =
            !schema.find("CIM_Job") || schema.derives(parameter.ref_class, "CIM_Job");
        if (is_job) return &out->second.as_reference();
    }
    return nullptr;
}

json::object result_json(const cim::Schema& schema, const cim::Method& method,
                         const cim::MethodResult& result) {
    json::object body;
    const cim::Value value(result.return_value);
    body["ReturnValue"] = result.return_value;
    if (const std::string label = method.label(value); !label.empty()) body["@label"] = label;
    for (const cim::Parameter& parameter : method.parameters) {
        if (!parameter.out()) continue;
        const auto out = result.out.find(parameter.name);
        body[parameter.name] = out == result.out.end()
                                   ? json::value(nullptr)
                                   : value_json(schema, out->second, &parameter);
    }
    return body;
}

}  // namespace

std::string Operation::parameter(const std::string& name) const {
    const auto found = query.find(name);
    return found == query.end() ? std::string() : found->second;
}

server::HttpReply list_instances(const Operation& operation) {
    return list_of_class(operation, operation.class_name());
}

server::HttpReply list_jobs(const Operation& operation) {
    return list_of_class(operation, "CIM_ConcreteJob");
}

server::HttpReply get_instance(const Operation& operation) {
    allow_parameters(operation, {});
    const cim::Schema& schema = operation.objects.schema(operation.name_space());
    const cim::Instance instance = operation.objects.get(operation.who, operation.instance());
    const cim::ObjectPath path = schema.path_of(instance);
    return json_reply(200, instance_json(schema, instance, &path));
}

server::HttpReply list_associators(const Operation& operation) {
    allow_parameters(operation, {"association", "class", "role", "resultRole", "limit"});
    return first_page(operation, operation.objects.associators(operation.who, operation.instance(),
                                                               neighbours(operation)));
}

server::HttpReply list_references(const Operation& operation) {
    allow_parameters(operation, {"association", "role", "limit"});
    return first_page(operation, operation.objects.references(operation.who, operation.instance(),
                                                              neighbours(operation)));
}

server::HttpReply run_query(const Operation& operation) {
    allow_parameters(operation, {"q", "limit"});
    return first_page(
        operation,
        operation.objects.query(operation.who, operation.name_space(), operation.parameter("q"))
            .found);
}

server::HttpReply next_page(const Operation& operation) {
    allow_parameters(operation, {"limit"});
    const std::string name = percent_decode(operation.segments.at(2));
    const std::size_t count = items_wanted(operation);
    const auto enumeration = operation.contexts.take(name, operation.who.name());
    // It goes on under a new name, so that a page that was asked for twice is not two pages.
    server::Enumeration rest = std::move(*enumeration);
    operation.contexts.let_go(name);
    return page(operation, std::move(rest), count);
}

server::HttpReply invoke_method(const Operation& operation) {
    allow_parameters(operation, {});
    const cim::Schema& schema = operation.objects.schema(operation.name_space());
    const std::string name = percent_decode(operation.segments.at(5));
    const auto [object, method] =
        operation.objects.callee(operation.who, operation.instance(), name);
    const cim::MethodResult result = operation.objects.invoke(
        operation.who, object, name, arguments_in(operation, schema, *method));
    const cim::ObjectPath* job = job_in(schema, *method, result);
    server::HttpReply reply = json_reply(job ? 202 : 200, result_json(schema, *method, result));
    if (job) reply.fields["Location"] = href_of(*job, schema.name_space());
    return reply;
}

}  // namespace reviver::rest
