// An envelope from somebody who has an account, through the whole door to a small model: what is
// answered must be XML that others can read.
#include "cim/text_encoding.h"
#include "cim/xml.h"
#include "fuzz_input.h"
#include "server/wsman_door.h"
#include "small_site.h"

using namespace reviver;
using namespace reviver::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static SmallSite site;
    static server::WsmanDoor door(site.model.objects(), SmallSite::options());
    static server::WsmanPublicIdentify identify(SmallSite::options());
    server::HttpRequest request;
    request.method = "POST";
    request.path = "/wsman";
    request.fields = {{"Content-Type", "application/soap+xml"}, {"User-Agent", "x"}};
    request.body = text_of(data, size);
    const server::HttpReply reply = door.handle(request, site.who);
    expect(reply.status == 200 || reply.status == 500, "an answer or a fault");
    cim::parse_xml(cim::to_utf8(reply.body, cim::detect_encoding(reply.body)));
    identify.handle(request);
    return 0;
}
