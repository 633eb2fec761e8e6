// Which path leads to which operation.
#include "rest/limits.h"
#include "rest/operations.h"
#include "rest/problem.h"

#include <algorithm>
#include <string_view>

namespace reviver::rest {

namespace {

struct Route {
    std::string_view method;
    std::string_view pattern;  // "*" is any segment
    Handler handler;
};

constexpr Route routes[] = {
    {"GET", "", list_namespaces},
    {"GET", "openapi.json", show_openapi},
    {"GET", "*", show_namespace},
    {"GET", "*/classes", list_classes},
    {"GET", "*/classes/*", show_class},
    {"GET", "*/instances/*", list_instances},
    {"GET", "*/instances/*/*", get_instance},
    {"GET", "*/instances/*/*/associators", list_associators},
    {"GET", "*/instances/*/*/references", list_references},
    {"POST", "*/instances/*/*/methods/*", invoke_method},
    {"GET", "*/query", run_query},
    {"GET", "*/jobs", list_jobs},
    {"GET", "*/pages/*", next_page},
};

bool fits(std::string_view pattern, const std::vector<std::string>& segments) {
    const std::vector<std::string> parts = segments_of(pattern);
    return std::equal(parts.begin(), parts.end(), segments.begin(), segments.end(),
                      [](const std::string& part, const std::string& segment) {
                          return part == "*" || part == segment;
                      });
}

}  // namespace

server::HttpReply carry_out(const Operation& operation) {
    std::string_view other_method;
    for (const Route& route : routes) {
        if (!fits(route.pattern, operation.segments)) continue;
        if (route.method == operation.method) return route.handler(operation);
        other_method = route.method;
        break;
    }
    if (other_method.empty()) throw HttpProblem(404, "there is nothing here");
    server::HttpReply reply =
        problem_reply(405, std::string("this is asked by ") + std::string(other_method));
    reply.fields["Allow"] = other_method;
    return reply;
}

}  // namespace reviver::rest
