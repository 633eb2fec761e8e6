#include "server/test_wsman.h"

namespace reviver::server {
namespace {

using WsmanEnumerationTest = WsmanTest;

TEST_F(WsmanEnumerationTest, EnumerateWithoutOptimizationGivesAContext) {
    Reply reply = enumerate(thing_uri, "");
    EXPECT_EQ(reply.status, 200u);
    EXPECT_EQ(reply.content().child(ws::wsman, "Items"), nullptr);
    const std::string context = context_of(reply);
    EXPECT_GE(context.size(), 36u);
    EXPECT_EQ(count_items(pull(context, ""), ws::enumeration), 1u);
    std::size_t items = 1;
    for (int round = 0; round < TestModel::things; ++round) {
        reply = pull(context, "<n:MaxElements>10</n:MaxElements>");
        ASSERT_EQ(reply.status, 200u);
        items += count_items(reply, ws::enumeration);
        if (reply.content().child(ws::enumeration, "EndOfSequence")) break;
    }
    EXPECT_EQ(items, static_cast<std::size_t>(TestModel::things));
    EXPECT_EQ(context_of(reply), "");
    expect_fault(pull(context, ""), "n:InvalidEnumerationContext", "");
}

TEST_F(WsmanEnumerationTest, OptimizedEnumerationComesAtOnce) {
    Reply reply =
        enumerate(thing_uri, "<w:OptimizeEnumeration/><w:MaxElements>32000</w:MaxElements>");
    EXPECT_EQ(count_items(reply, ws::wsman), static_cast<std::size_t>(TestModel::things));
    EXPECT_TRUE(reply.content().child(ws::wsman, "EndOfSequence"));
    ASSERT_TRUE(reply.content().child(ws::enumeration, "EnumerationContext"));
    EXPECT_EQ(context_of(reply), "");
    EXPECT_EQ(count_items(enumerate(thing_uri, "<w:OptimizeEnumeration/>"), ws::wsman), 1u);
    reply = enumerate(thing_uri, "<w:OptimizeEnumeration/><w:MaxElements>10</w:MaxElements>");
    EXPECT_EQ(count_items(reply, ws::wsman), 10u);
    EXPECT_EQ(
        count_items(pull(context_of(reply), "<n:MaxElements>100</n:MaxElements>"), ws::enumeration),
        35u);
}

TEST_F(WsmanEnumerationTest, ModesGiveNamesThatWork) {
    const std::string at_once = "<w:OptimizeEnumeration/><w:MaxElements>100</w:MaxElements>";
    Reply reply =
        enumerate(thing_uri, at_once + "<w:EnumerationMode>EnumerateEPR</w:EnumerationMode>");
    const XmlElement& name = reply.content().child(ws::wsman, "Items")->children.at(7);
    EXPECT_TRUE(name.is(ws::addressing, "EndpointReference"));
    const XmlElement& selector_set =
        *name.child(ws::addressing, "ReferenceParameters")->child(ws::wsman, "SelectorSet");
    EXPECT_EQ(*selector_set.children.front().attribute("Name"), "Id");
    EXPECT_EQ(*selector_set.children.back().attribute("Name"), "__cimnamespace");
    EXPECT_EQ(selector_set.children.back().text, "root/test");
    reply = enumerate(thing_uri,
                      at_once + "<w:EnumerationMode>EnumerateObjectAndEPR</w:EnumerationMode>");
    const XmlElement& item = reply.content().child(ws::wsman, "Items")->children.at(7);
    EXPECT_TRUE(item.is(ws::wsman, "Item"));
    EXPECT_EQ(item.children.at(0).name, "Thing");
    EXPECT_EQ(item.children.at(1).name, "EndpointReference");
    expect_fault(enumerate(thing_uri, "<w:EnumerationMode>Foo</w:EnumerationMode>"),
                 "w:UnsupportedFeature", "EnumerationMode");
}

TEST_F(WsmanEnumerationTest, PolymorphismIsHonoured) {
    const std::string base_uri = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/Base";
    const std::string at_once =
        "<w:OptimizeEnumeration/><w:MaxElements>100</w:MaxElements><b:PolymorphismMode>";
    const auto in_mode = [&](const char* mode) {
        return enumerate(base_uri, at_once + mode + "</b:PolymorphismMode>");
    };
    EXPECT_EQ(count_items(in_mode("IncludeSubClassProperties"), ws::wsman), 46u);
    EXPECT_EQ(count_items(in_mode("None"), ws::wsman), 1u);
    const Reply cast = in_mode("ExcludeSubClassProperties");
    EXPECT_EQ(count_items(cast, ws::wsman), 46u);
    for (const XmlElement& item : cast.content().child(ws::wsman, "Items")->children) {
        EXPECT_EQ(item.name, "Base");
        EXPECT_EQ(item.child_named("State"), nullptr);
    }
    expect_fault(in_mode("Foo"), "b:PolymorphismModeNotSupported", "");
}

TEST_F(WsmanEnumerationTest, RepliesStayWithinTheEnvelopeThatTheClientAskedFor) {
    const std::string size = "<w:MaxEnvelopeSize>12000</w:MaxEnvelopeSize>";
    Reply reply =
        enumerate(thing_uri, "<w:OptimizeEnumeration/><w:MaxElements>1000</w:MaxElements>", size);
    ASSERT_EQ(reply.status, 200u);
    EXPECT_LE(last_bytes_, 12000u);
    std::size_t items = count_items(reply, ws::wsman);
    const std::string context = context_of(reply);
    for (int round = 0; round < TestModel::things; ++round) {
        reply = pull(context, "<n:MaxElements>1000</n:MaxElements>", size);
        ASSERT_EQ(reply.status, 200u);
        EXPECT_LE(last_bytes_, 12000u);
        items += count_items(reply, ws::enumeration);
        if (reply.content().child(ws::enumeration, "EndOfSequence")) break;
    }
    EXPECT_EQ(items, static_cast<std::size_t>(TestModel::things));
    expect_fault(get(thing_uri, thing(3) + "<w:MaxEnvelopeSize>8192</w:MaxEnvelopeSize>"),
                 "w:EncodingLimit", "MaxEnvelopeSize");
    expect_fault(get(thing_uri, thing(1) + "<w:MaxEnvelopeSize>8191</w:MaxEnvelopeSize>"),
                 "w:EncodingLimit", "MinimumEnvelopeLimit");
    EXPECT_EQ(get(thing_uri, thing(1) + "<w:MaxEnvelopeSize>99999999</w:MaxEnvelopeSize>").status,
              200u);
}

TEST_F(WsmanEnumerationTest, OneInstanceThatIsTooLargeEndsTheEnumeration) {
    const std::string size = "<w:MaxEnvelopeSize>8192</w:MaxEnvelopeSize>";
    Reply reply =
        enumerate(thing_uri, "<w:OptimizeEnumeration/><w:MaxElements>3</w:MaxElements>", size);
    const std::string context = context_of(reply);
    ASSERT_FALSE(context.empty());
    expect_fault(pull(context, "", size), "w:EncodingLimit", "MaxEnvelopeSize");
    expect_fault(pull(context, "", size), "n:InvalidEnumerationContext", "");
}

TEST_F(WsmanEnumerationTest, ContextsBelongToTheirUser) {
    const std::string context = context_of(enumerate(thing_uri, ""));
    who_ = cim::Principal("other", {cim::Role::administrator});
    expect_fault(pull(context, ""), "n:InvalidEnumerationContext", "");
    who_ = cim::Principal("admin", {cim::Role::administrator});
    EXPECT_EQ(pull(context, "").status, 200u);
    EXPECT_EQ(release(context).status, 200u);
    expect_fault(release(context), "n:InvalidEnumerationContext", "");
    expect_fault(pull("", ""), "n:InvalidEnumerationContext", "");
    expect_fault(pull(std::string(10000, 'x'), ""), "n:InvalidEnumerationContext", "");
}

TEST_F(WsmanEnumerationTest, ContextsAreCountedForEachUser) {
    DoorOptions few;
    few.contexts_per_user_max = 2;
    door_ = make_door(few);
    const std::string first = context_of(enumerate(thing_uri, ""));
    EXPECT_EQ(enumerate(thing_uri, "").status, 200u);
    expect_fault(enumerate(thing_uri, ""), "w:QuotaLimit", "");
    EXPECT_EQ(release(first).status, 200u);
    EXPECT_EQ(enumerate(thing_uri, "").status, 200u);
}

TEST_F(WsmanEnumerationTest, ContextsExpire) {
    DoorOptions impatient;
    impatient.context_idle_time_max = std::chrono::milliseconds(0);
    door_ = make_door(impatient);
    expect_fault(pull(context_of(enumerate(thing_uri, "")), ""), "n:InvalidEnumerationContext", "");
}

TEST_F(WsmanEnumerationTest, NumbersOfElementsAreChecked) {
    for (const char* count : {"0", "-1", "abc", "99999999999999999999"}) {
        expect_fault(enumerate(thing_uri, std::string("<w:OptimizeEnumeration/><w:MaxElements>") +
                                              count + "</w:MaxElements>"),
                     "w:SchemaValidationError", "InvalidValues");
    }
}

TEST_F(WsmanEnumerationTest, EmptyClassesEndAtOnce) {
    const Reply reply = enumerate("http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/Nothing",
                                  "<w:OptimizeEnumeration/>");
    EXPECT_EQ(reply.status, 200u);
    EXPECT_EQ(count_items(reply, ws::wsman), 0u);
    EXPECT_TRUE(reply.content().child(ws::wsman, "EndOfSequence"));
}

TEST_F(WsmanEnumerationTest, UnknownFiltersAreRefused) {
    expect_fault(enumerate(thing_uri, "<w:Filter Dialect=\"http://example/x\">x</w:Filter>"),
                 "n:FilterDialectRequestedUnavailable", "");
    expect_fault(enumerate(thing_uri, "<n:Filter>x</n:Filter>"),
                 "n:FilterDialectRequestedUnavailable", "");
    expect_fault(enumerate(thing_uri, "<n:Filter>x</n:Filter><w:Filter>x</w:Filter>"),
                 "n:CannotProcessFilter", "");
    expect_fault(enumerate(ws::all_classes_uri, ""), "a:DestinationUnreachable",
                 "InvalidResourceURI");
}

TEST_F(WsmanEnumerationTest, AssociationsAreFollowed) {
    const std::string begin =
        "<w:OptimizeEnumeration/><w:MaxElements>9</w:MaxElements><w:Filter Dialect=\""
        "http://schemas.dmtf.org/wbem/wsman/1/cimbinding/associationFilter\">";
    const std::string object = "<b:Object>" + reference("thing-01") + "</b:Object>";
    Reply reply = enumerate(ws::all_classes_uri, begin + "<b:AssociatedInstances>" + object +
                                                     "</b:AssociatedInstances></w:Filter>");
    ASSERT_EQ(count_items(reply, ws::wsman), 1u);
    EXPECT_EQ(reply.content().child(ws::wsman, "Items")->children[0].name, "Base");
    reply = enumerate(
        ws::all_classes_uri,
        begin + "<b:AssociationInstances>" + object +
            "<b:ResultClassName>Link</b:ResultClassName></b:AssociationInstances></w:Filter>");
    EXPECT_EQ(reply.content().child(ws::wsman, "Items")->children.at(0).name, "Link");
    reply = enumerate(ws::all_classes_uri,
                      begin + "<b:AssociatedInstances>" + object +
                          "<b:Role>To</b:Role></b:AssociatedInstances></w:Filter>");
    EXPECT_EQ(count_items(reply, ws::wsman), 0u);
    expect_fault(enumerate(ws::all_classes_uri, begin + "<b:AssociatedInstances/></w:Filter>"),
                 "n:CannotProcessFilter", "");
}

std::string wql(const std::string& query) {
    return "<w:OptimizeEnumeration/><w:MaxElements>100</w:MaxElements><w:Filter "
           "Dialect=\"HTTP://schemas.microsoft.com/wbem/wsman/1/wql\">" +
           query + "</w:Filter>";
}

TEST_F(WsmanEnumerationTest, QueriesComeByEveryResourceUri) {
    for (const char* uri : {"http://schemas.microsoft.com/wbem/wsman/1/wmi/root/test/*",
                            "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/*",
                            "http://schemas.dmtf.org/wbem/wscim/1/*", thing_uri,
                            "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/Base"}) {
        EXPECT_EQ(
            count_items(enumerate(uri, wql("select * from Thing where State &lt; 3")), ws::wsman),
            3u)
            << uri;
    }
    expect_fault(enumerate(thing_uri, wql("select * from Service")), "n:CannotProcessFilter", "");
    EXPECT_EQ(
        count_items(enumerate(ws::all_classes_uri, wql("references of {Thing.Id='thing-01'}")),
                    ws::wsman),
        1u);
}

TEST_F(WsmanEnumerationTest, AQuerySelectsPropertiesAndNamesStayWhole) {
    const Reply reply =
        enumerate(thing_uri, "<w:EnumerationMode>EnumerateObjectAndEPR</w:EnumerationMode>" +
                                 wql("select State from Thing where Id = 'thing-04'"));
    const XmlElement& item = reply.content().child(ws::wsman, "Items")->children.at(0);
    ASSERT_EQ(item.children.size(), 2u);
    EXPECT_EQ(item.children[0].children.size(), 1u);
    EXPECT_EQ(item.children[0].children[0].name, "State");
    EXPECT_EQ(item.children[1].name, "EndpointReference");
}

TEST_F(WsmanEnumerationTest, BadQueriesAreFaultsWithTheirStatus) {
    const Reply reply = enumerate(thing_uri, wql("select * from Thing where Nothing = 1"));
    expect_fault(reply, "n:CannotProcessFilter", "");
    EXPECT_EQ(reply.cim_status(), "15");
    expect_fault(enumerate(thing_uri, wql("")), "n:CannotProcessFilter", "");
    expect_fault(enumerate(thing_uri, wql("<w:x/>")), "n:CannotProcessFilter", "");
    const Reply unknown = enumerate(ws::all_classes_uri, wql("select * from NoSuch"));
    expect_fault(unknown, "a:DestinationUnreachable", "InvalidResourceURI");
    EXPECT_EQ(unknown.cim_status(), "5");
}

TEST_F(WsmanEnumerationTest, SelectorsFilterByEquality) {
    const auto filter = [](const std::string& pairs) {
        return "<w:OptimizeEnumeration/><w:MaxElements>100</w:MaxElements><w:Filter Dialect=\"http:"
               "//schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter\">" +
               selectors(pairs) + "</w:Filter>";
    };
    EXPECT_EQ(count_items(enumerate(thing_uri, filter(selector("State", "4"))), ws::wsman), 1u);
    EXPECT_EQ(
        count_items(enumerate(thing_uri, filter(selector("State", "4") + selector("Id", "x"))),
                    ws::wsman),
        0u);
    for (const char* bad : {"Nothing", "Tags", "Since", "Next"}) {
        expect_fault(enumerate(thing_uri, filter(selector(bad, "x"))), "n:CannotProcessFilter", "");
    }
    expect_fault(enumerate(ws::all_classes_uri, filter(selector("State", "4"))),
                 "n:CannotProcessFilter", "");
}

TEST_F(WsmanEnumerationTest, AssociationsGiveTheNamedPropertiesAlone) {
    const Reply reply = enumerate(
        ws::all_classes_uri,
        "<w:OptimizeEnumeration/><w:Filter Dialect=\"http://schemas.dmtf.org/wbem/wsman/1/"
        "cimbinding/associationFilter\"><b:AssociatedInstances><b:Object>" +
            reference("thing-01") +
            "</b:Object><b:IncludeResultProperty>id</b:IncludeResultProperty>"
            "</b:AssociatedInstances></w:Filter>");
    const XmlElement& item = reply.content().child(ws::wsman, "Items")->children.at(0);
    ASSERT_EQ(item.children.size(), 1u);
    EXPECT_EQ(item.children[0].name, "Id");
}

}  // namespace
}  // namespace reviver::server
