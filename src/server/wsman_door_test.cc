#include "server/wsman_door.h"

#include "server/test_wsman.h"

namespace reviver::server {
namespace {

using WsmanDoorTest = WsmanTest;

TEST_F(WsmanDoorTest, FaultsHaveThreeDetails) {
    const Reply reply = get(thing_uri, selectors(selector("Id", "none")));
    const XmlElement& detail = *reply.content().child(ws::soap, "Detail");
    ASSERT_EQ(detail.children.size(), 3u);
    EXPECT_TRUE(detail.children[0].is(ws::wsman, "FaultDetail"));
    EXPECT_TRUE(detail.children[1].is(ws::microsoft_fault, "WSManFault"));
    EXPECT_EQ(*detail.children[1].attribute("Code"), "2150858752");
    EXPECT_EQ(*detail.children[1].attribute("Machine"), "testhost");
    EXPECT_EQ(*detail.children[2].attribute("IsCIM_Error", ws::binding), "true");
}

TEST_F(WsmanDoorTest, ChangingInstancesDirectlyIsRefused) {
    for (const char* verb : {"Put", "Create", "Delete"}) {
        const Reply reply =
            post(envelope(std::string(ws::transfer) + "/" + verb, thing_uri, thing(1), ""));
        expect_fault(reply, "w:UnsupportedFeature", "");
        EXPECT_EQ(reply.cim_status(), "7");
    }
}

TEST_F(WsmanDoorTest, ChangingWhatIsNotThereIsSaidSo) {
    for (const char* verb : {"Put", "Delete"}) {
        const std::string action = std::string(ws::transfer) + "/" + verb;
        const Reply reply = post(envelope(action, thing_uri, thing(99), ""));
        expect_fault(reply, "a:DestinationUnreachable", "ResourceNotFound");
        EXPECT_EQ(reply.cim_status(), "6");
        expect_fault(post(envelope(action, std::string(thing_uri) + "s", thing(1), "")),
                     "a:DestinationUnreachable", "InvalidResourceURI");
    }
}

TEST_F(WsmanDoorTest, SlowMethodsTimeOutForTheCaller) {
    const Reply reply =
        invoke("Wait", "", service_uri, "<w:OperationTimeout>PT0.05S</w:OperationTimeout>");
    expect_fault(reply, "w:TimedOut", "");
    EXPECT_EQ(*reply.content()
                   .child(ws::soap, "Detail")
                   ->child(ws::microsoft_fault, "WSManFault")
                   ->attribute("Code"),
              "2150858793");
    EXPECT_EQ(get(thing_uri, thing(1)).status, 200u);
}

TEST_F(WsmanDoorTest, FaultsAreShortWhateverTheyRepeat) {
    const Reply reply = get(thing_uri, selectors(selector("Id", std::string(100'000, 'x'))));
    expect_fault(reply, "a:DestinationUnreachable", "ResourceNotFound");
    EXPECT_LT(last_bytes_, 8192u);
}

TEST_F(WsmanDoorTest, HeadersAreChecked) {
    const std::string good = envelope(ws::action_get, thing_uri, thing(1), "");
    const auto without = [&](const std::string& name) {
        std::string text = good;
        const auto begin = text.find("<a:" + name + ">");
        const auto end = text.find("</a:" + name + ">");
        return text.erase(begin, end + name.size() + 5 - begin);
    };
    expect_fault(post(without("Action")), "a:MessageInformationHeaderRequired", "");
    expect_fault(post(without("ReplyTo")), "a:MessageInformationHeaderRequired", "");
    expect_fault(post(without("MessageID")), "a:InvalidMessageInformationHeader", "");
    const auto with = [&](const std::string& header) { return get(thing_uri, thing(1) + header); };
    expect_fault(with("<a:Action>x</a:Action>"), "a:InvalidMessageInformationHeader", "");
    expect_fault(with("text"), "w:SchemaValidationError", "InvalidValues");
    expect_fault(with("<a:FaultTo><a:Address>http://10.0.0.1/</a:Address></a:FaultTo>"),
                 "w:UnsupportedFeature", "AddressingMode");
    expect_fault(with("<w:FragmentTransfer s:mustUnderstand=\"true\">Name</w:FragmentTransfer>"),
                 "w:UnsupportedFeature", "FragmentLevelAccess");
    expect_fault(with("<w:Locale xml:lang=\"de\" s:mustUnderstand=\"1\"/>"), "w:UnsupportedFeature",
                 "Locale");
    EXPECT_EQ(with("<w:Locale xml:lang=\"de\" s:mustUnderstand=\"false\"/>").status, 200u);
    EXPECT_EQ(with("<w:OptionSet s:mustUnderstand=\"true\"/>").status, 200u);
    EXPECT_EQ(with("<p:SessionId xmlns:p=\"" + std::string(ws::microsoft) +
                   "\" s:mustUnderstand=\"false\">x</p:SessionId>")
                  .status,
              200u);
    EXPECT_EQ(with("<z:Foo xmlns:z=\"z\" mustUnderstand=\"true\"/>").status, 200u);
}

TEST_F(WsmanDoorTest, HeadersThatMustBeUnderstoodAre) {
    for (const char* yes : {"true", "1"}) {
        const Reply reply = get(
            thing_uri, thing(1) + "<z:Foo xmlns:z=\"urn:z\" s:mustUnderstand=\"" + yes + "\"/>");
        EXPECT_EQ(reply.status, 500u);
        EXPECT_EQ(reply.subcode(), "s:MustUnderstand");
        const XmlElement* header = reply.envelope.child(ws::soap, "Header");
        EXPECT_EQ(*header->child(ws::soap, "NotUnderstood")->attribute("qname"), "x:Foo");
    }
}

TEST_F(WsmanDoorTest, TimesOfOperationsAreChecked) {
    const auto with = [&](const std::string& time) {
        return get(thing_uri, thing(1) + "<w:OperationTimeout>" + time + "</w:OperationTimeout>");
    };
    for (const char* time : {"PT60.000S", "PT1M30S", "PT1.000S", "P1D"})
        EXPECT_EQ(with(time).status, 200u);
    for (const char* time : {"-PT5S", "2025-01-01T00:00:00Z", "abc"}) {
        expect_fault(with(time), "a:InvalidMessageInformationHeader", "");
    }
}

TEST_F(WsmanDoorTest, BadXmlIsAFault) {
    const std::string good = envelope(ws::action_get, thing_uri, thing(1), "");
    for (const std::string& bad :
         {std::string(), std::string("<a><b></a>"), good.substr(0, good.size() / 2),
          std::string("<x/>"), "<!DOCTYPE s [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>" + good,
          std::string("\xff\xff<a/>")}) {
        expect_fault(post(bad), "w:SchemaValidationError", "InvalidValues");
    }
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += "<a>";
    expect_fault(post(deep), "w:SchemaValidationError", "InvalidValues");
    std::string old = good;
    old.replace(old.find(ws::soap), std::string(ws::soap).size(),
                "http://schemas.xmlsoap.org/soap/envelope/");
    const Reply reply = post(old);
    EXPECT_EQ(reply.status, 500u);
    EXPECT_EQ(reply.subcode(), "s:VersionMismatch");
}

TEST_F(WsmanDoorTest, AnswersInTheEncodingOfTheRequest) {
    const std::string good = envelope(ws::action_get, thing_uri, thing(1), "");
    for (const auto encoding : {cim::Encoding::utf16_le, cim::Encoding::utf16_be}) {
        HttpRequest request{"POST",
                            "/wsman",
                            "",
                            {{"Content-Type", "application/soap+xml; charset=\"UTF-16\""}},
                            cim::from_utf8(good, encoding),
                            "127.0.0.1"};
        const HttpReply reply = door_->handle(request, who_);
        EXPECT_EQ(reply.status, 200u);
        EXPECT_EQ(reply.fields.at("Content-Type"), "application/soap+xml;charset=UTF-16");
        EXPECT_EQ(cim::detect_encoding(reply.body), encoding);
    }
    EXPECT_EQ(post("\xef\xbb\xbf" + good).status, 200u);
}

TEST_F(WsmanDoorTest, RefusesOtherContentBeforeReadingIt) {
    const auto refusal = [&](const std::string& method, HttpFields fields) {
        return door_->refuse_before_body({method, "/wsman", "", std::move(fields), "", ""});
    };
    EXPECT_EQ(refusal("GET", {}), 405u);
    EXPECT_EQ(refusal("POST", {{"Content-Type", "text/plain"}}), 415u);
    EXPECT_EQ(refusal("POST", {{"Content-Type", "application/soap+xml;charset=latin1"}}), 415u);
    EXPECT_EQ(
        refusal("POST", {{"Content-Type", "application/soap+xml"}, {"Content-Encoding", "gzip"}}),
        415u);
    for (const char* type :
         {"application/soap+xml", "application/soap+xml;charset=UTF-8",
          "Application/SOAP+xml; CHARSET=\"utf-8\"", "application/soap+xml;charset=UTF-16"}) {
        EXPECT_EQ(refusal("POST", {{"Content-Type", type}}), 0u) << type;
    }
}

TEST_F(WsmanDoorTest, IdentifiesItself) {
    for (const char* name_space : {ws::identity, ws::identity_misprinted}) {
        const Reply reply = post(std::string("<s:Envelope xmlns:s=\"") + ws::soap +
                                 "\"><s:Header/><s:Body><i:Identify xmlns:i=\"" + name_space +
                                 "\"/></s:Body></s:Envelope>");
        EXPECT_EQ(reply.status, 200u);
        EXPECT_TRUE(reply.content().is(name_space, "IdentifyResponse"));
        EXPECT_EQ(reply.content().child(name_space, "ProtocolVersion")->text, ws::wsman);
        EXPECT_EQ(reply.content().child(name_space, "ProductVersion")->text, "9.9");
    }
}

TEST(WsmanPublicIdentifyTest, SaysWhatItIsAndNothingElse) {
    DoorOptions options;
    options.product_version = "9.9";
    WsmanPublicIdentify door(options);
    HttpRequest request{"POST", "/wsman", "", {{"WSMANIDENTIFY", "unauthenticated"}}, "", ""};
    EXPECT_TRUE(door.admits(request));
    request.fields.clear();
    EXPECT_FALSE(door.admits(request));
    request.path = "/wsman-anon/identify";
    EXPECT_TRUE(door.admits(request));
    request.body = std::string("<s:Envelope xmlns:s=\"") + ws::soap +
                   "\"><s:Header/><s:Body><i:Identify xmlns:i=\"" + ws::identity +
                   "\"/></s:Body></s:Envelope>";
    const HttpReply reply = door.handle(request);
    EXPECT_EQ(reply.status, 200u);
    EXPECT_EQ(reply.body.find("9.9"), std::string::npos);
    EXPECT_EQ(reply.body.find("SecurityProfiles"), std::string::npos);
    request.body = "<s:Envelope xmlns:s=\"x\"/>";
    EXPECT_EQ(door.handle(request).status, 403u);
}

}  // namespace
}  // namespace reviver::server
