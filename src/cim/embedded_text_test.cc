#include "cim/embedded_text.h"

#include "base/error.h"
#include "cim/limits.h"
#include "cim/object_path.h"
#include "cim/text_encoding.h"

#include <gtest/gtest.h>

namespace reviver::cim {
namespace {

const std::string simple =
    R"(<INSTANCE CLASSNAME="S"><PROPERTY NAME="N" TYPE="uint16" CLASSORIGIN="S">)"
    R"(<VALUE>30</VALUE></PROPERTY></INSTANCE>)";

TEST(EmbeddedText, ReadsEveryWrapping) {
    for (const std::string& text :
         {simple, "\xef\xbb\xbf" + simple, "<?xml version=\"1.0\" encoding=\"utf-16\"?>\n" + simple,
          "<DECLGROUP><VALUE.OBJECT>" + simple + "</VALUE.OBJECT></DECLGROUP>",
          "<CIM CIMVERSION=\"2.0\" DTDVERSION=\"2.0\"><DECLARATION><DECLGROUP><VALUE.OBJECT>" +
              simple + "</VALUE.OBJECT></DECLGROUP></DECLARATION></CIM>",
          "<VALUE.NAMEDOBJECT><INSTANCENAME CLASSNAME=\"S\"/>" + simple + "</VALUE.NAMEDOBJECT>",
          "<VALUE.OBJECTWITHPATH><INSTANCEPATH/>" + simple + "</VALUE.OBJECTWITHPATH>",
          from_utf8(simple, Encoding::utf16_le), std::string("instance of S { N = 30; };")}) {
        const Instance instance = read_embedded(text);
        EXPECT_EQ(instance.class_name(), "S") << text;
        EXPECT_EQ(instance.get("n").as_unsigned(), 30u) << text;
    }
}

TEST(EmbeddedText, ReadsEveryKindOfProperty) {
    const Instance instance = read_embedded(R"(<INSTANCE CLASSNAME="S">
        <QUALIFIER NAME="dynamic" TYPE="boolean"><VALUE>TRUE</VALUE></QUALIFIER>
        <PROPERTY NAME="Null" TYPE="string"></PROPERTY>
        <PROPERTY NAME="Empty" TYPE="string"><VALUE></VALUE></PROPERTY>
        <PROPERTY NAME="On" TYPE="boolean"><VALUE>TRUE</VALUE></PROPERTY>
        <PROPERTY NAME="At" TYPE="datetime"><VALUE>00000000183000.000000:000</VALUE></PROPERTY>
        <PROPERTY.ARRAY NAME="List" TYPE="string"><VALUE.ARRAY>
          <VALUE>a</VALUE><VALUE.NULL/><VALUE>b</VALUE></VALUE.ARRAY></PROPERTY.ARRAY>
        <PROPERTY.ARRAY NAME="NoList" TYPE="string"></PROPERTY.ARRAY>
        <PROPERTY.REFERENCE NAME="Ref"><VALUE.REFERENCE><INSTANCEPATH>
          <NAMESPACEPATH><HOST>H</HOST><LOCALNAMESPACEPATH>
            <NAMESPACE NAME="root"/><NAMESPACE NAME="x"/></LOCALNAMESPACEPATH></NAMESPACEPATH>
          <INSTANCENAME CLASSNAME="C"><KEYBINDING NAME="Id">
            <KEYVALUE VALUETYPE="string">v</KEYVALUE></KEYBINDING></INSTANCENAME>
          </INSTANCEPATH></VALUE.REFERENCE></PROPERTY.REFERENCE>
        <PROPERTY NAME="Inner" TYPE="string" EmbeddedObject="instance">
          <VALUE>&lt;INSTANCE CLASSNAME="I"/&gt;</VALUE></PROPERTY>
        </INSTANCE>)");
    EXPECT_TRUE(instance.get("Null").is_null());
    EXPECT_EQ(instance.get("Empty").as_string(), "");
    EXPECT_TRUE(instance.get("On").as_bool());
    EXPECT_TRUE(instance.get("At").as_datetime().is_interval());
    EXPECT_EQ(instance.get("List").elements().size(), 3u);
    EXPECT_TRUE(instance.get("NoList").is_null());
    EXPECT_EQ(instance.get("Ref").as_reference().text(), R"(root\x:C.Id="v")");
    EXPECT_EQ(instance.get("Inner").as_instance().class_name(), "I");
}

TEST(EmbeddedText, WritesWhatItReads) {
    Instance instance("S");
    instance.set("Text", "a<&>\"b")
        .set("On", true)
        .set("Big", ~std::uint64_t{0})
        .set("Null", Value());
    instance.set("List", std::vector<std::string>{"x", ""});
    instance.set("At", *DateTime::parse("20250102030405.000001+000"));
    instance.set("Inner", Instance("I").set("X", std::uint8_t{1}));
    instance.set("Ref", ObjectPath("C", {{"Id", "v"}}));
    const std::string text = write_embedded(instance);
    EXPECT_EQ(text.find("> <"), std::string::npos);
    EXPECT_NE(text.find(R"(<PROPERTY NAME="On" TYPE="boolean"><VALUE>TRUE</VALUE></PROPERTY>)"),
              std::string::npos);
    const Instance back = read_embedded(text);
    EXPECT_EQ(back.find("Null"), nullptr);
    for (const NamedValue& property : back.properties()) {
        EXPECT_EQ(property.value, instance.get(property.name)) << property.name;
    }
    EXPECT_EQ(back.properties().size(), 7u);
}

TEST(EmbeddedText, RefusesOtherTexts) {
    for (const char* bad : {"", " ", "<INSTANCE>", "<INSTANCE/>", "<OTHER/>", "nonsense",
                            "<!DOCTYPE a><INSTANCE CLASSNAME='S'/>",
                            "<INSTANCE CLASSNAME='S'><PROPERTY NAME='N' "
                            "TYPE='uint8'><VALUE>256</VALUE></PROPERTY></INSTANCE>",
                            "<INSTANCE CLASSNAME='S'><PROPERTY NAME='N' "
                            "TYPE='king'><VALUE>1</VALUE></PROPERTY></INSTANCE>",
                            "<INSTANCE CLASSNAME='S'><PROPERTY TYPE='uint8'/></INSTANCE>",
                            "<INSTANCE CLASSNAME='S'><PROPERTY NAME='N' TYPE='string'/><PROPERTY "
                            "NAME='n' TYPE='string'/></INSTANCE>",
                            "<INSTANCE CLASSNAME='S'><PROPERTY.REFERENCE "
                            "NAME='R'><VALUE.REFERENCE/></PROPERTY.REFERENCE></INSTANCE>"}) {
        try {
            read_embedded(bad);
            ADD_FAILURE() << bad;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::invalid_parameter) << bad;
        }
    }
    EXPECT_THROW(read_embedded(std::string(limits::embedded_text_bytes_max + 1, ' ')), Error);
}

TEST(EmbeddedText, NestsOnlySoDeep) {
    Instance instance("S");
    for (std::size_t i = 0; i < limits::embedded_depth_max; ++i)
        instance = Instance("S").set("X", instance);
    EXPECT_NO_THROW(read_embedded(write_embedded(instance)));
    EXPECT_THROW(read_embedded(write_embedded(Instance("S").set("X", instance))), Error);
}

}  // namespace
}  // namespace reviver::cim
