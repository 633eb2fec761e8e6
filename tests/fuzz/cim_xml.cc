// A CIM-XML message from somebody who has an account, through the whole door to a small model.
#include "cim/xml.h"
#include "fuzz_input.h"
#include "server/cim_xml_door.h"
#include "small_site.h"

using namespace reviver;
using namespace reviver::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static SmallSite site;
    static server::CimXmlDoor door(site.model.objects(), SmallSite::options());
    server::HttpRequest request;
    request.method = "POST";
    request.path = "/cimom";
    request.fields = {{"Content-Type", "application/xml"}, {"CIMOperation", "MethodCall"}};
    request.body = text_of(data, size);
    const server::HttpReply reply = door.handle(request, site.who);
    if (reply.status == 200) {
        cim::parse_xml(reply.body);
    } else {
        expect(reply.status == 400 || reply.status == 501, "an answer or a refusal");
    }
    return 0;
}
