#include "server/test_wsman.h"

namespace reviver::server {
namespace {

constexpr const char* classes_uri = "http://schemas.dmtf.org/wbem/cim-xml/2/cim-schema/2/*";

class WsmanClassesTest : public WsmanTest {
  protected:
    static std::string named(const std::string& name) {
        return selectors(selector("__cimnamespace", "root/test") + selector("ClassName", name));
    }
};

TEST_F(WsmanClassesTest, OneClassIsInNoNamespace) {
    const Reply reply = get(classes_uri, named("thing"));
    ASSERT_EQ(reply.status, 200u);
    EXPECT_TRUE(reply.content().is("", "CLASS"));
    EXPECT_EQ(*reply.content().attribute("NAME"), "Thing");
    EXPECT_EQ(*reply.content().attribute("DERIVATION"), "Base");
    EXPECT_EQ(get("http://schemas.dmtf.org/wbem/cim-xml/2/cim-schema/2/Thing", "").status, 200u);
}

TEST_F(WsmanClassesTest, OptionsLeaveOut) {
    const Reply reply =
        get(classes_uri, named("Thing") +
                             "<w:OptionSet><w:Option Name=\"IncludeQualifiers\">false"
                             "</w:Option><w:Option Name=\"wmi:IncludeInheritedElements\">"
                             "false</w:Option></w:OptionSet>");
    for (const XmlElement& property : reply.content().children) {
        EXPECT_TRUE(property.children.empty());
        EXPECT_NE(*property.attribute("NAME"), "Id");
    }
}

TEST_F(WsmanClassesTest, AllClassesComeByPulling) {
    Reply reply = enumerate(classes_uri, "<w:OptimizeEnumeration/><w:MaxElements>4</w:MaxElements>",
                            named(""));
    ASSERT_EQ(count_items(reply, ws::wsman), 4u);
    EXPECT_TRUE(reply.content().child(ws::wsman, "Items")->children[0].is("", "CLASS"));
    reply = pull(context_of(reply), "<n:MaxElements>100</n:MaxElements>");
    EXPECT_EQ(count_items(reply, ws::enumeration), 2u);
    EXPECT_TRUE(reply.content().child(ws::enumeration, "EndOfSequence"));
}

TEST_F(WsmanClassesTest, UnknownClassesAndCallersAreRefused) {
    const Reply reply = get(classes_uri, named("NoSuch"));
    expect_fault(reply, "a:DestinationUnreachable", "InvalidResourceURI");
    EXPECT_EQ(reply.cim_status(), "5");
    who_ = cim::Principal("nobody", {cim::Role::peer});
    expect_fault(get(classes_uri, named("Thing")), "w:AccessDenied", "");
    expect_fault(enumerate(classes_uri, "", named("")), "w:AccessDenied", "");
}

}  // namespace
}  // namespace reviver::server
