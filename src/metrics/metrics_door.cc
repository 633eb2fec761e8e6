#include "metrics/metrics_door.h"

namespace reviver::metrics {

unsigned MetricsDoor::refuse_before_body(const server::HttpRequest& header) const {
    return header.method == "GET" ? 0 : 405;
}

server::HttpReply MetricsDoor::refusal(unsigned status, const server::HttpRequest&) const {
    server::HttpReply reply = server::plain_reply(status, "figures are read by GET");
    reply.fields["Allow"] = "GET";
    return reply;
}

server::HttpReply MetricsDoor::handle(const server::HttpRequest&, const cim::Principal& who) {
    if (!who.may_act_as(cim::Role::viewer))
        return server::plain_reply(403, "this account has no role that may look at figures");
    server::HttpReply reply = server::plain_reply(200, "");
    reply.fields["Content-Type"] = "text/plain; version=0.0.4; charset=utf-8";
    reply.body = prometheus_text(figures_());
    return reply;
}

}  // namespace reviver::metrics
