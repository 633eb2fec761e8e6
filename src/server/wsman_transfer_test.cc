#include "server/test_wsman.h"

#include <algorithm>

namespace reviver::server {
namespace {

using WsmanTransferTest = WsmanTest;

TEST_F(WsmanTransferTest, GetGivesTheInstance) {
    const Reply reply = get(thing_uri, thing(1));
    ASSERT_EQ(reply.status, 200u);
    EXPECT_EQ(reply.header("Action"), std::string(ws::transfer) + "/GetResponse");
    EXPECT_EQ(reply.header("RelatesTo"), "uuid:1<2");
    EXPECT_EQ(reply.header("To"), ws::anonymous);
    const XmlElement& instance = reply.content();
    EXPECT_TRUE(instance.is(thing_uri, "Thing"));
    EXPECT_EQ(*instance.attribute("type", ws::schema_instance), "p:Thing_Type");
    EXPECT_EQ(instance.child(thing_uri, "Name")->text, "a&<\"'>\xc3\xa9\xf0\x9f\x98\x80?z");
    EXPECT_EQ(instance.child(thing_uri, "Big")->text, "18446744073709551615");
    EXPECT_EQ(instance.child(thing_uri, "Small")->text, "-9223372036854775808");
    EXPECT_EQ(instance.child(thing_uri, "On")->text, "true");
    EXPECT_EQ(instance.child(thing_uri, "Since")->child(ws::common, "Datetime")->text,
              "2025-01-02T03:04:05.000001Z");
    EXPECT_EQ(instance.child(thing_uri, "Lasted")->child(ws::common, "Interval")->text,
              "P1DT2H3M4.000005S");
    EXPECT_TRUE(instance.child(thing_uri, "Next")->child(ws::addressing, "ReferenceParameters"));
}

TEST_F(WsmanTransferTest, NullIsNilAndSoIsATimeWithWildcards) {
    const Reply reply = get(thing_uri, thing(2));
    for (const char* name : {"Name", "Since", "Tags"}) {
        const XmlElement& property = *reply.content().child(thing_uri, name);
        EXPECT_TRUE(ws::is_nil(property)) << name;
        EXPECT_FALSE(property.attribute_in_any_namespace("IsNullArray"));
    }
    const Reply precise =
        get(thing_uri, thing(2) +
                           "<w:OptionSet><w:Option Name=\"msftwinrm:UsePreciseArrays\">true"
                           "</w:Option></w:OptionSet>");
    EXPECT_TRUE(
        precise.content().child(thing_uri, "Tags")->attribute("IsNullArray", ws::microsoft));
    EXPECT_FALSE(
        precise.content().child(thing_uri, "Name")->attribute("IsNullArray", ws::microsoft));
}

TEST_F(WsmanTransferTest, AClientWithoutUserAgentGetsBareTimes) {
    const Reply reply =
        post(envelope(ws::action_get, thing_uri, thing(1), ""), "application/soap+xml", "");
    EXPECT_EQ(reply.content().child(thing_uri, "Since")->text, "2025-01-02T03:04:05.000001Z");
}

TEST_F(WsmanTransferTest, WmiUrisAreAnsweredInKindAndWithTheRightSpelling) {
    const Reply reply = get(wmi_thing_uri, selectors(selector("ID", "THING-01")));
    ASSERT_EQ(reply.status, 200u);
    EXPECT_TRUE(reply.content().is("http://schemas.microsoft.com/wbem/wsman/1/wmi/root/test/Thing",
                                   "Thing"));
    EXPECT_EQ(get(wmi_thing_uri,
                  selectors(selector("Id", "thing-01") + selector("__cimnamespace", "ROOT\\Test")))
                  .status,
              200u);
    expect_fault(get(wmi_thing_uri,
                     selectors(selector("Id", "thing-01") + selector("__cimnamespace", "root/x"))),
                 "w:InternalError", "");
}

TEST_F(WsmanTransferTest, NamesOfAnAncestorFindTheRealObject) {
    const Reply reply = get("http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/Base", thing(1));
    ASSERT_EQ(reply.status, 200u);
    EXPECT_EQ(reply.content().name, "Thing");
}

TEST_F(WsmanTransferTest, WhatDoesNotExistIsSaidPrecisely) {
    Reply reply = get(thing_uri, selectors(selector("Id", "none")));
    expect_fault(reply, "a:DestinationUnreachable", "ResourceNotFound");
    EXPECT_EQ(reply.cim_status(), "6");
    EXPECT_EQ(reply.header("Action"), std::string(ws::addressing) + "/fault");
    EXPECT_EQ(reply.header("RelatesTo"), "uuid:1<2");
    reply = get("http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/NoSuch", thing(1));
    expect_fault(reply, "a:DestinationUnreachable", "InvalidResourceURI");
    EXPECT_EQ(reply.cim_status(), "5");
    reply = get(thing_uri, selectors(selector("__cimnamespace", "root/nosuch")));
    expect_fault(reply, "a:DestinationUnreachable", "InvalidNamespace");
    EXPECT_EQ(reply.cim_status(), "3");
    expect_fault(get("http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd", ""),
                 "a:DestinationUnreachable", "InvalidResourceURI");
    expect_fault(get(std::string(thing_uri) + "/../%00", thing(1)), "a:DestinationUnreachable",
                 "InvalidResourceURI");
}

TEST_F(WsmanTransferTest, SelectorsMustBeTheKeys) {
    expect_fault(get(thing_uri, ""), "w:InvalidSelectors", "InsufficientSelectors");
    expect_fault(get(service_uri, selectors(selector("Name", "svc"))), "w:InvalidSelectors",
                 "InsufficientSelectors");
    expect_fault(get(thing_uri, selectors(selector("Id", "thing-01") + selector("X", "y"))),
                 "w:InvalidSelectors", "UnexpectedSelectors");
    expect_fault(get(thing_uri, selectors(selector("Id", "1") + selector("ID", "2"))),
                 "w:InvalidSelectors", "DuplicateSelectors");
    expect_fault(get(thing_uri, thing(1) + thing(2)), "w:InvalidSelectors", "DuplicateSelectors");
}

TEST_F(WsmanTransferTest, TheOnlyInstanceNeedsNoKeys) {
    EXPECT_EQ(get(service_uri, "").content().child(service_uri, "Name")->text, "svc");
}

TEST_F(WsmanTransferTest, InvokeGivesTheResult) {
    const Reply reply =
        invoke("Start", "<p:Count>3</p:Count><p:Target>" + reference("thing-05") + "</p:Target>");
    ASSERT_EQ(reply.status, 200u);
    EXPECT_EQ(reply.header("Action"), std::string(service_uri) + "/StartResponse");
    const XmlElement& output = reply.content();
    EXPECT_TRUE(output.is(service_uri, "Start_OUTPUT"));
    EXPECT_EQ(output.children.back().name, "ReturnValue");
    EXPECT_EQ(output.children.back().text, "4096");
    const XmlElement& job = *output.child(service_uri, "Job");
    EXPECT_EQ(job.children.at(0).name, "Address");
    EXPECT_EQ(ws::read_reference(job, "").key_text("Id"), "thing-07");
    EXPECT_EQ(output.children.at(1).text, "one");
    EXPECT_EQ(model_.last_arguments().at("Target").as_reference().key_text("Id"), "thing-05");
    EXPECT_EQ(model_.last_arguments().at("Target").as_reference().class_name(), "Thing");
    EXPECT_EQ(model_.last_arguments().at("Count").type(), cim::Type::uint8);
    EXPECT_TRUE(model_.last_arguments().at("When").is_null());
}

TEST_F(WsmanTransferTest, ReferencesComeInEveryForm) {
    const std::string xsd = "http://www.w3.org/2001/XMLSchema";
    const std::string forms[] = {
        "<p:Target>" + reference("thing-05") + "</p:Target>",
        "<p:Target><a:EndpointReference>" + reference("thing-05") +
            "</a:EndpointReference></p:Target>",
        "<p:Target xmlns:q=\"" + std::string(thing_uri) +
            "\" xsi:type=\"q:Thing_Type\"><q:Id>thing-05</q:Id></p:Target>",
        "<p:Target xmlns:q=\"" + std::string(thing_uri) + "\" xmlns:o=\"" + xsd +
            "\" o:type=\"q:Thing_Type\"><q:Id>thing-05</q:Id></p:Target>",
        R"(<p:Target>\\H\root\test:Thing.Id="thing-05"</p:Target>)",
        "<p:Target><Address xmlns=\"" + std::string(ws::addressing) + "\">" + ws::addressing +
            "</Address><ReferenceParameters xmlns=\"" + ws::addressing +
            "\"><ResourceURI xmlns=\"" + ws::wsman + "\">" + thing_uri +
            "</ResourceURI><w:SelectorSet><w:Selector "
            "w:Name=\"Id\">thing-05</w:Selector></w:SelectorSet>"
            "</ReferenceParameters></p:Target>",
    };
    for (const std::string& form : forms) {
        const Reply reply = invoke("Start", form);
        ASSERT_EQ(reply.status, 200u) << form;
        EXPECT_EQ(model_.last_arguments().at("Target").as_reference().key_text("Id"), "thing-05")
            << form;
    }
}

TEST_F(WsmanTransferTest, SettingsComeInEveryForm) {
    const std::string settings_uri = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/Settings";
    const std::string xml =
        "&lt;INSTANCE CLASSNAME=\"Settings\"&gt;&lt;PROPERTY NAME=\"Interval\" TYPE=\"uint32\"&gt;"
        "&lt;VALUE&gt;30&lt;/VALUE&gt;&lt;/PROPERTY&gt;&lt;/INSTANCE&gt;";
    const std::string forms[] = {
        "<p:Settings>" + xml + "</p:Settings>",
        "<p:Settings>\xef\xbb\xbf&lt;?xml version=\"1.0\" "
        "encoding=\"utf-16\"?&gt;&lt;DECLGROUP&gt;&lt;VALUE.OBJECT&gt;" +
            xml + "&lt;/VALUE.OBJECT&gt;&lt;/DECLGROUP&gt;</p:Settings>",
        "<p:Settings xmlns:q=\"" + settings_uri +
            "\" xsi:type=\"q:Settings_Type\"><q:Interval>30</q:Interval></p:Settings>",
        "<p:Settings>instance of Settings { Interval = 30; };</p:Settings>",
    };
    for (const std::string& form : forms) {
        const Reply reply = invoke("Start", form);
        ASSERT_EQ(reply.status, 200u) << form;
        const cim::Instance settings = model_.last_arguments().at("Settings").as_instance();
        EXPECT_EQ(settings.get("Interval").type(), cim::Type::uint32);
        EXPECT_EQ(settings.get("Interval").as_unsigned(), 30u) << form;
    }
}

TEST_F(WsmanTransferTest, TimesComeInEverySpelling) {
    for (const char* form :
         {"<c:Datetime>2025-01-02T03:04:05Z</c:Datetime>", "2025-01-02T03:04:05Z",
          "<c:CIM_DateTime>20250102030405.000000+000</c:CIM_DateTime>",
          "<CIM_DateTime>20250102030405.000000+000</CIM_DateTime>", "20250102030405.000000+000"}) {
        ASSERT_EQ(invoke("Start", "<p:When xmlns:c=\"" + std::string(ws::common) + "\">" + form +
                                      "</p:When>")
                      .status,
                  200u);
        EXPECT_EQ(model_.last_arguments().at("When").as_datetime().text(),
                  "20250102030405.000000+000");
    }
    ASSERT_EQ(invoke("Start", "<p:When>PT30S</p:When>").status, 200u);
    EXPECT_EQ(model_.last_arguments().at("When").as_datetime().text(), "00000000000030.000000:000");
}

TEST_F(WsmanTransferTest, IntervalsComeInEverySpelling) {
    for (const char* form : {"<c:Interval>PT30S</c:Interval>", "PT30S", "00000000000030.000000:000",
                             "<c:CIM_DateTime>00000000000030.000000:000</c:CIM_DateTime>"}) {
        const std::string declared = "<p:When xmlns:c=\"" + std::string(ws::common) + "\">";
        ASSERT_EQ(invoke("Start", declared + form + "</p:When>").status, 200u) << form;
        EXPECT_EQ(model_.last_arguments().at("When").as_datetime().text(),
                  "00000000000030.000000:000");
    }
}

TEST_F(WsmanTransferTest, AnEmptyArrayIsNoElement) {
    const auto count = [](const XmlElement& parent, const char* name) {
        return std::count_if(parent.children.begin(), parent.children.end(),
                             [&](const XmlElement& child) { return child.name == name; });
    };
    const Reply two = get(thing_uri, thing(1));
    EXPECT_EQ(count(two.content(), "Tags"), 2);
    const Reply none = get(thing_uri, thing(4));
    EXPECT_EQ(count(none.content(), "Tags"), 0);
    const std::string given = "<p:Target>" + reference("thing-05") + "</p:Target>";
    EXPECT_EQ(count(invoke("Start", given).content(), "Notes"), 2);
    EXPECT_EQ(count(invoke("Start", given + "<p:Count>0</p:Count>").content(), "Notes"), 0);
}

TEST_F(WsmanTransferTest, BadArgumentsStartNothing) {
    expect_fault(invoke("Start", "<p:Nonsense>1</p:Nonsense>"), "w:InvalidParameter",
                 "InvalidName");
    expect_fault(invoke("Start", "<p:Job>1</p:Job>"), "w:InvalidParameter", "InvalidName");
    expect_fault(invoke("Start", "<p:Count>256</p:Count>"), "w:InvalidParameter", "TypeMismatch");
    expect_fault(invoke("Start", "<p:Count>abc</p:Count>"), "w:InvalidParameter", "TypeMismatch");
    expect_fault(invoke("Start", "<p:Count>1</p:Count><p:Count>2</p:Count>"), "w:InvalidParameter",
                 "TypeMismatch");
    expect_fault(invoke("Start", "<p:Target>no path</p:Target>"), "w:InvalidParameter",
                 "InvalidValues");
    EXPECT_EQ(model_.started(), 0);
}

TEST_F(WsmanTransferTest, AbsentAndNilArgumentsAreTheSame) {
    for (const char* arguments :
         {"", "<p:Target xsi:nil=\"true\"/>", "<p:Target xsi:nil=\"1\"/>"}) {
        const Reply reply = invoke("Start", arguments);
        ASSERT_EQ(reply.status, 200u);
        EXPECT_EQ(reply.content().children.back().text, "32773");
        EXPECT_EQ(reply.content().child_named("Job"), nullptr);
    }
}

TEST_F(WsmanTransferTest, ArraysOfOneAreArrays) {
    ASSERT_EQ(invoke("Start", "<p:Words>one</p:Words>").status, 200u);
    EXPECT_EQ(model_.last_arguments().at("Words").as_strings(), std::vector<std::string>{"one"});
    ASSERT_EQ(
        invoke("Start", "<p:Words>one</p:Words><p:Count>1</p:Count><p:Words>two</p:Words>").status,
        200u);
    EXPECT_EQ(model_.last_arguments().at("Words").elements().size(), 2u);
}

TEST_F(WsmanTransferTest, EmbeddedResultsAreText) {
    const Reply reply = invoke("Report", "");
    EXPECT_EQ(reply.content().child(service_uri, "Settings")->text,
              "<INSTANCE CLASSNAME=\"Settings\"><PROPERTY NAME=\"Interval\" "
              "TYPE=\"uint32\"><VALUE>30</VALUE>"
              "</PROPERTY><PROPERTY.ARRAY NAME=\"Disks\" "
              "TYPE=\"string\"><VALUE.ARRAY><VALUE>&lt;a&gt;</VALUE>"
              "<VALUE>b</VALUE></VALUE.ARRAY></PROPERTY.ARRAY></INSTANCE>");
}

TEST_F(WsmanTransferTest, MethodsAreFoundInAnySpelling) {
    const std::string action = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/SERVICE/report";
    EXPECT_EQ(post(envelope(action, service_uri, "", "")).status, 200u);
    const std::string keys = selectors(selector("name", "svc") + selector("SystemName", "here"));
    EXPECT_EQ(invoke("Report", "", service_uri, keys).status, 200u);
    expect_fault(invoke("NoSuch", ""), "a:ActionNotSupported", "");
    expect_fault(invoke("Unbound", ""), "a:ActionNotSupported", "");
    expect_fault(post(envelope("http://example/x", service_uri, "", "")), "a:ActionNotSupported",
                 "");
}

TEST_F(WsmanTransferTest, RolesDecideWhoMayCall) {
    who_ = cim::Principal("reader", {cim::Role::viewer});
    EXPECT_EQ(invoke("Report", "").status, 200u);
    const std::string wmi = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/test/service";
    expect_fault(invoke("Start", ""), "w:AccessDenied", "");
    expect_fault(invoke("start", "", wmi), "w:AccessDenied", "");
    expect_fault(invoke("Wait", ""), "w:AccessDenied", "");
    expect_fault(invoke("Start", "<p:Nonsense>1</p:Nonsense>"), "w:AccessDenied", "");
    EXPECT_EQ(model_.started(), 0);
    who_ = cim::Principal("nobody", {cim::Role::peer});
    EXPECT_EQ(invoke("Report", "").status, 200u);
    expect_fault(get(thing_uri, thing(1)), "w:AccessDenied", "");
    expect_fault(enumerate(thing_uri, ""), "w:AccessDenied", "");
    EXPECT_EQ(get(thing_uri, thing(1)).cim_status(), "2");
}

TEST_F(WsmanTransferTest, ReferencesInReferencesAreBounded) {
    std::string key = "x";
    for (int i = 0; i < 10; ++i) {
        key = "<a:EndpointReference><a:ReferenceParameters><w:ResourceURI>" +
              std::string(thing_uri) + "</w:ResourceURI>" + selectors(selector("Id", key)) +
              "</a:ReferenceParameters></a:EndpointReference>";
    }
    expect_fault(get(thing_uri, selectors(selector("Id", key))), "w:InvalidSelectors",
                 "InsufficientSelectors");
}

}  // namespace
}  // namespace reviver::server
