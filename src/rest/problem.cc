#include "rest/problem.h"

#include <boost/json/serialize.hpp>

namespace reviver::rest {

namespace json = boost::json;
using cim::Status;

namespace {

unsigned http_status_of(Status status) {
    switch (status) {
        case Status::access_denied:
            return 403;
        case Status::invalid_namespace:
        case Status::invalid_class:
        case Status::not_found:
        case Status::method_not_found:
            return 404;
        case Status::already_exists:
            return 409;
        case Status::invalid_enumeration_context:
            return 410;
        case Status::invalid_parameter:
        case Status::no_such_property:
        case Status::type_mismatch:
        case Status::invalid_query:
        case Status::query_language_not_supported:
        case Status::filtered_enumeration_not_supported:
            return 400;
        case Status::not_supported:
        case Status::method_not_available:
            return 501;
        case Status::server_limits_exceeded:
            return 503;
        default:
            return 500;
    }
}

const char* title_of(unsigned http_status) {
    switch (http_status) {
        case 400:
            return "Bad Request";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 406:
            return "Not Acceptable";
        case 409:
            return "Conflict";
        case 410:
            return "Gone";
        case 415:
            return "Unsupported Media Type";
        case 429:
            return "Too Many Requests";
        case 501:
            return "Not Implemented";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        default:
            return "Internal Server Error";
    }
}

json::object problem(unsigned http_status, std::string_view detail) {
    return {{"type", "about:blank"},
            {"title", title_of(http_status)},
            {"status", http_status},
            {"detail", detail}};
}

server::HttpReply problem_reply(unsigned http_status, const json::object& body) {
    server::HttpReply reply = json_reply(http_status, body);
    reply.fields["Content-Type"] = "application/problem+json";
    return reply;
}

}  // namespace

server::HttpReply json_reply(unsigned status, const json::value& body) {
    server::HttpReply reply;
    reply.status = status;
    reply.fields = {{"Content-Type", "application/json"},
                    {"Cache-Control", "no-store"},
                    {"X-Content-Type-Options", "nosniff"}};
    reply.body = json::serialize(body) + "\n";
    return reply;
}

server::HttpReply problem_reply(unsigned http_status, std::string_view detail) {
    return problem_reply(http_status, problem(http_status, detail));
}

server::HttpReply problem_reply(const cim::CimError& error) {
    const unsigned http_status = http_status_of(error.status());
    json::object body = problem(http_status, error.what());
    body["cimStatus"] = static_cast<std::uint32_t>(error.status());
    body["cimStatusName"] = cim::name_of(error.status());
    return problem_reply(http_status, body);
}

}  // namespace reviver::rest
