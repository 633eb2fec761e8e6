// A request at the JSON door from somebody who has an account. The first line is what is asked for,
// below the root of the door; what follows is a body, and makes it a method.
#include "fuzz_input.h"
#include "rest/json_door.h"
#include "rest/uri.h"
#include "small_site.h"

#include <boost/json/parse.hpp>

using namespace reviver;
using namespace reviver::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static SmallSite site;
    static cim::EventBus events("run");
    static rest::JsonDoor door(site.model.objects(), events, SmallSite::options());
    const std::string_view whole = text_of(data, size);
    const auto end = std::min(whole.find('\n'), whole.size());
    const std::string_view target = whole.substr(0, end);
    if (target.starts_with("/events")) return 0;  // a stream has no end to look at

    server::HttpRequest request;
    request.method = end == whole.size() ? "GET" : "POST";
    const auto question = std::min(target.find('?'), target.size());
    request.path = std::string(rest::api_root) + std::string(target.substr(0, question));
    if (question < target.size()) request.query = target.substr(question + 1);
    request.fields = {{"Content-Type", "application/json"}};
    if (end < whole.size()) request.body = whole.substr(end + 1);
    if (door.refuse_before_body(request) != 0) return 0;
    const server::HttpReply reply = door.handle(request, site.who);
    expect(reply.status >= 200 && reply.status < 600, "an answer or a problem");
    if (!reply.body.empty()) {
        boost::system::error_code error;
        boost::json::parse(reply.body, error);
        expect(!error, "what is answered is JSON");
    }
    return 0;
}
