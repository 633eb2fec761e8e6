#include "rest/json_door.h"

#include "rest/event_streams.h"
#include "rest/limits.h"
#include "rest/operations.h"
#include "rest/problem.h"
#include "rest/uri.h"
#include "server/soap_fault.h"
#include "server/timed_operations.h"

#include <algorithm>

namespace reviver::rest {

using cim::CimError;
using server::HttpReply;
using server::HttpRequest;

namespace {

// Whether the client takes what is offered: no Accept field, or one that names it or a family of
// it. Weights are not weighed, since there is nothing to choose from.
bool accepts(const HttpRequest& request, std::string_view media_type) {
    std::string_view list = request.field("Accept");
    if (cim::trim(list).empty()) return true;
    const std::string family = std::string(media_type.substr(0, media_type.find('/'))) + "/*";
    while (!list.empty()) {
        const std::string_view one = list.substr(0, list.find(','));
        list.remove_prefix(std::min(one.size() + 1, list.size()));
        const std::string_view name = cim::trim(one.substr(0, one.find(';')));
        if (name == "*/*" || cim::same_name(name, family) || cim::same_name(name, media_type)) {
            return true;
        }
    }
    return false;
}

void check_accepts(const HttpRequest& request, std::string_view media_type) {
    if (!accepts(request, media_type)) {
        throw HttpProblem(406, "this is served as " + std::string(media_type) + " alone");
    }
}

// The same for every way in which an operation can fail.
template <class F>
HttpReply answer_or_problem(F&& answer) {
    try {
        return answer();
    } catch (const HttpProblem& problem) {
        return problem_reply(problem.status(), problem.what());
    } catch (const CimError& error) {
        return problem_reply(error);
    } catch (const server::SoapFault& fault) {
        if (fault.subcode() == "TimedOut") return problem_reply(504, fault.what());
        return problem_reply(CimError(fault.status(), fault.what()));
    } catch (const Error& error) {
        return problem_reply(CimError(cim::status_of(error.code()), error.what()));
    }
}

}  // namespace

class JsonDoor::State {
  public:
    State(std::shared_ptr<const cim::ObjectManager> objects, cim::EventBus& events,
          server::DoorOptions options)
        : objects_(std::move(objects)),
          options_(std::move(options)),
          streams_(objects_, events),
          contexts_(options_.context_idle_time_max, options_.contexts_per_user_max) {}

    HttpReply answer(const HttpRequest& request, const cim::Principal& who) {
        std::vector<std::string> segments = segments_of(request.path.substr(api_root.size()));
        QueryParameters query = read_query(request.query);
        if (segments == std::vector<std::string>{"events"} && request.method == "GET") {
            check_accepts(request, "text/event-stream");
            return streams_.open(who, query, request.field("Last-Event-ID"));
        }
        check_accepts(request, "application/json");
        const auto operation = std::make_shared<Operation>(Operation{
            *objects_, contexts_, who, request.method, std::move(segments), std::move(query),
            request.body, std::min(options_.reply_bytes_max, limits::page_bytes_max)});
        return operations_.run(options_.operation_time_max, [operation] {
            return answer_or_problem([&] { return carry_out(*operation); });
        });
    }

  private:
    const std::shared_ptr<const cim::ObjectManager> objects_;
    const server::DoorOptions options_;
    EventStreams streams_;
    server::EnumerationContexts contexts_;
    server::TimedOperations operations_;  // last: what still runs uses the rest
};

JsonDoor::JsonDoor(std::shared_ptr<const cim::ObjectManager> objects, cim::EventBus& events,
                   server::DoorOptions options)
    : state_(std::make_unique<State>(std::move(objects), events, std::move(options))) {}

JsonDoor::~JsonDoor() = default;

unsigned JsonDoor::refuse_before_body(const HttpRequest& header) const {
    if (header.method == "GET") return 0;
    if (header.method != "POST") return 405;
    const std::string_view coding = header.field("Content-Encoding");
    if (!coding.empty() && !cim::same_name(coding, "identity")) return 415;
    const auto encoding = server::encoding_in(header.field("Content-Type"), "application/json");
    return encoding == cim::Encoding::utf8 ? 0 : 415;
}

HttpReply JsonDoor::refusal(unsigned status, const HttpRequest&) const {
    HttpReply reply = problem_reply(
        status, status == 415 ? "a method is called with a body of application/json in UTF-8"
                              : "instances are read by GET and changed by methods, called by POST");
    if (status == 405) reply.fields["Allow"] = "GET, POST";
    return reply;
}

HttpReply JsonDoor::handle(const HttpRequest& request, const cim::Principal& who) {
    return answer_or_problem([&] { return state_->answer(request, who); });
}

}  // namespace reviver::rest
