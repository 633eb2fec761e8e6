#include "audit/audit_door.h"

#include "audit/files.h"
#include "audit/limits.h"

#include <charconv>
#include <optional>

namespace reviver::audit {

namespace {

std::optional<std::uint64_t> number_after(std::string_view query) {
    constexpr std::string_view name = "after=";
    std::uint64_t number = 0;
    if (query.empty()) return number;
    if (!query.starts_with(name)) return std::nullopt;
    query.remove_prefix(name.size());
    const auto [end, error] = std::from_chars(query.data(), query.data() + query.size(), number);
    if (error != std::errc() || end != query.data() + query.size()) return std::nullopt;
    return number;
}

std::string lines_after(const std::filesystem::path& directory, std::uint64_t after) {
    std::string page;
    each_line_after(directory, after, [&](std::string_view line) {
        if (page.size() + line.size() >= limits::page_bytes_max) return false;
        page.append(line).append("\n");
        return true;
    });
    return page;
}

}  // namespace

unsigned AuditDoor::refuse_before_body(const server::HttpRequest& header) const {
    return header.method == "GET" ? 0 : 405;
}

server::HttpReply AuditDoor::handle(const server::HttpRequest& request, const cim::Principal& who) {
    if (!who.may_act_as(cim::Role::auditor)) {
        return server::plain_reply(403, "this account is not that of an auditor");
    }
    const auto after = number_after(request.query);
    if (!after) return server::plain_reply(400, "ask for ?after=NUMBER, or for nothing");
    server::HttpReply reply = server::plain_reply(200, "");
    reply.fields["Content-Type"] = "application/x-ndjson";
    reply.body = lines_after(directory_, *after);
    return reply;
}

}  // namespace reviver::audit
