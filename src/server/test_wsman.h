// Posts envelopes to a WS-Management door on the test model, without a network between, and reads
// the replies.
#pragma once

#include "cim/text_encoding.h"
#include "cim/ws_names.h"
#include "cim/ws_values.h"
#include "cim/xml.h"
#include "server/test_model.h"
#include "server/wsman_door.h"

#include <gtest/gtest.h>

namespace reviver::server {

namespace ws = cim::ws;
using cim::XmlElement;

inline constexpr const char* thing_uri = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/Thing";
inline constexpr const char* service_uri =
    "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/Service";
inline constexpr const char* wmi_thing_uri =
    "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/test/thing";

struct Reply {
    unsigned status = 0;
    XmlElement envelope;

    const XmlElement& body() const { return *envelope.child(ws::soap, "Body"); }
    const XmlElement& content() const { return body().children.at(0); }
    std::string header(const char* name) const {
        const XmlElement* found = envelope.child(ws::soap, "Header")->child(ws::addressing, name);
        return found ? found->text : "";
    }
    std::string subcode() const {
        const XmlElement& code = *content().child(ws::soap, "Code");
        const XmlElement* subcode = code.child(ws::soap, "Subcode");
        const XmlElement& value = *(subcode ? *subcode : code).child(ws::soap, "Value");
        return value.text;
    }
    std::string detail() const {
        const XmlElement* found =
            content().child(ws::soap, "Detail")->child(ws::wsman, "FaultDetail");
        return found ? found->text.substr(found->text.rfind('/') + 1) : "";
    }
    std::string cim_status() const {
        const XmlElement& error = content().child(ws::soap, "Detail")->children.back();
        return error.child_named("CIMStatusCode")->text;
    }
};

class WsmanTest : public testing::Test {
  protected:
    WsmanTest() : door_(make_door({})) {}
    ~WsmanTest() override { model_.release_waiting(); }

    std::unique_ptr<WsmanDoor> make_door(DoorOptions options) {
        options.host = "testhost";
        options.product_version = "9.9";
        return std::make_unique<WsmanDoor>(model_.objects(), options);
    }

    static std::string selectors(const std::string& pairs) {
        return "<w:SelectorSet>" + pairs + "</w:SelectorSet>";
    }
    static std::string selector(const std::string& name, const std::string& value) {
        return "<w:Selector Name=\"" + name + "\">" + value + "</w:Selector>";
    }
    static std::string thing(int number) {
        return selectors(selector("Id", fmt::format("thing-{:02}", number)));
    }

    static std::string envelope(const std::string& action, const std::string& uri,
                                const std::string& more_header, const std::string& body) {
        return std::string("<s:Envelope xmlns:s=\"") + ws::soap + "\" xmlns:a=\"" + ws::addressing +
               "\" xmlns:w=\"" + ws::wsman + "\" xmlns:n=\"" + ws::enumeration + "\" xmlns:b=\"" +
               ws::binding + "\" xmlns:xsi=\"" + ws::schema_instance +
               "\"><s:Header><a:To>x</a:To>" + "<a:ReplyTo><a:Address>" + ws::anonymous +
               "</a:Address></a:ReplyTo><a:Action>\n" + action +
               " </a:Action><a:MessageID>uuid:1&lt;2</a:MessageID><w:ResourceURI> " + uri +
               "\n</w:ResourceURI>" + more_header + "</s:Header><s:Body>" + body +
               "</s:Body></s:Envelope>";
    }

    Reply post(const std::string& body, const std::string& type = "application/soap+xml",
               const std::string& agent = "test") {
        HttpRequest request{"POST", "/wsman", "", {{"Content-Type", type}}, body, "127.0.0.1"};
        if (!agent.empty()) request.fields["User-Agent"] = agent;
        const HttpReply reply = door_->handle(request, who_);
        const auto encoding = cim::detect_encoding(reply.body);
        last_bytes_ = reply.body.size();
        return {reply.status, cim::parse_xml(cim::to_utf8(reply.body, encoding))};
    }

    Reply get(const std::string& uri, const std::string& header) {
        return post(envelope(ws::action_get, uri, header, ""));
    }
    Reply enumerate(const std::string& uri, const std::string& inside,
                    const std::string& header = "") {
        return post(envelope(ws::action_enumerate, uri, header,
                             "<n:Enumerate>" + inside + "</n:Enumerate>"));
    }
    Reply pull(const std::string& context, const std::string& inside,
               const std::string& header = "") {
        return post(envelope(ws::action_pull, thing_uri, header,
                             "<n:Pull><n:EnumerationContext>" + context +
                                 "</n:EnumerationContext>" + inside + "</n:Pull>"));
    }
    Reply release(const std::string& context) {
        return post(envelope(
            ws::action_release, thing_uri, "",
            "<n:Release><n:EnumerationContext>" + context + "</n:EnumerationContext></n:Release>"));
    }
    Reply invoke(const std::string& method, const std::string& arguments,
                 const std::string& uri = service_uri, const std::string& header = "") {
        return post(envelope(uri + "/" + method, uri, header,
                             "<p:" + method + "_INPUT xmlns:p=\"" + uri + "\">" + arguments +
                                 "</p:" + method + "_INPUT>"));
    }
    static std::string reference(const std::string& id) {
        return std::string("<a:Address>") + ws::anonymous +
               "</a:Address><a:ReferenceParameters><w:ResourceURI>" + thing_uri +
               "</w:ResourceURI>" + selectors(selector("Id", id)) + "</a:ReferenceParameters>";
    }

    void expect_fault(const Reply& reply, const std::string& subcode, const std::string& detail) {
        EXPECT_EQ(reply.status, 500u);
        ASSERT_EQ(reply.content().name, "Fault") << subcode;
        EXPECT_EQ(reply.subcode(), subcode);
        EXPECT_EQ(reply.detail(), detail) << subcode;
        EXPECT_FALSE(reply.content().child(ws::soap, "Reason")->children.at(0).text.empty());
    }
    static std::size_t count_items(const Reply& reply, const char* name_space) {
        const XmlElement* items = reply.content().child(name_space, "Items");
        return items ? items->children.size() : 0;
    }
    static std::string context_of(const Reply& reply) {
        const XmlElement* found = reply.content().child(ws::enumeration, "EnumerationContext");
        return found ? found->text : "";
    }

    TestModel model_;
    cim::Principal who_{"admin", {cim::Role::administrator}};
    std::unique_ptr<WsmanDoor> door_;
    std::size_t last_bytes_ = 0;
};

}  // namespace reviver::server
