#include "cim/cim_xml_reader.h"

#include "base/error.h"
#include "cim/limits.h"

#include <gtest/gtest.h>

namespace reviver::cim::cim_xml {
namespace {

ObjectPath path_in(const std::string& xml) {
    return read_path(parse_xml(xml));
}

// A name whose key is a name whose key is ...
std::string nested(std::size_t depth) {
    std::string inner = "<INSTANCENAME CLASSNAME=\"T\"/>";
    for (std::size_t i = 0; i < depth; ++i) {
        inner = "<INSTANCENAME CLASSNAME=\"T\"><KEYBINDING NAME=\"K\"><VALUE.REFERENCE>" + inner +
                "</VALUE.REFERENCE></KEYBINDING></INSTANCENAME>";
    }
    return inner;
}

TEST(CimXmlReader, PathsComeInEveryElement) {
    const std::string name =
        "<INSTANCENAME CLASSNAME=\"T\"><KEYBINDING NAME=\"K\"><KEYVALUE>v</KEYVALUE>"
        "</KEYBINDING></INSTANCENAME>";
    const std::string space =
        "<LOCALNAMESPACEPATH><NAMESPACE NAME=\"root\"/><NAMESPACE "
        "NAME=\"x\"/></LOCALNAMESPACEPATH>";
    EXPECT_EQ(path_in(name).key_text("k"), "v");
    EXPECT_EQ(path_in("<VALUE.REFERENCE>" + name + "</VALUE.REFERENCE>").name_space(), "");
    for (const std::string& whole : {"<LOCALINSTANCEPATH>" + space + name + "</LOCALINSTANCEPATH>",
                                     "<INSTANCEPATH><NAMESPACEPATH><HOST>h</HOST>" + space +
                                         "</NAMESPACEPATH>" + name + "</INSTANCEPATH>"}) {
        EXPECT_EQ(path_in("<OBJECTPATH>" + whole + "</OBJECTPATH>").name_space(), "root/x");
        EXPECT_EQ(path_in(whole).key_text("K"), "v");
    }
    EXPECT_TRUE(path_in("<CLASSNAME NAME=\"T\"/>").keys().empty());
    EXPECT_EQ(
        path_in("<INSTANCENAME CLASSNAME=\"T\"><KEYVALUE>v</KEYVALUE></INSTANCENAME>").key_text(""),
        "v");
}

TEST(CimXmlReader, WhatNamesNothingIsRefused) {
    for (const char* xml :
         {"<X/>", "<CLASSNAME/>", "<INSTANCENAME/>", "<OBJECTPATH/>", "<VALUE>T.K=1</VALUE>",
          "<INSTANCENAME CLASSNAME=\"T\"><KEYBINDING NAME=\"K\"/></INSTANCENAME>",
          "<INSTANCENAME CLASSNAME=\"T\"><KEYBINDING "
          "NAME=\"K\"><X/></KEYBINDING></INSTANCENAME>",
          "<INSTANCENAME CLASSNAME=\"T\"><KEYBINDING NAME=\"K\"><KEYVALUE>v</KEYVALUE></KEYBINDING>"
          "<KEYBINDING NAME=\"k\"><KEYVALUE>w</KEYVALUE></KEYBINDING></INSTANCENAME>"}) {
        EXPECT_THROW(path_in(xml), Error) << xml;
    }
}

TEST(CimXmlReader, NamesAreBounded) {
    EXPECT_NO_THROW(path_in(nested(limits::reference_depth_max)));
    EXPECT_THROW(path_in(nested(limits::reference_depth_max + 1)), Error);
    std::string keys;
    for (std::size_t i = 0; i <= limits::object_path_keys_max; ++i) {
        keys += "<KEYBINDING NAME=\"k" + std::to_string(i) + "\"><KEYVALUE/></KEYBINDING>";
    }
    EXPECT_THROW(path_in("<INSTANCENAME CLASSNAME=\"T\">" + keys + "</INSTANCENAME>"), Error);
}

TEST(CimXmlReader, ParametersHoldTextPathsOrArrays) {
    const auto value = [](const std::string& content) {
        return read_parameter(parse_xml("<PARAMVALUE NAME=\"p\">" + content + "</PARAMVALUE>"));
    };
    EXPECT_TRUE(value("").is_null());
    EXPECT_EQ(value("<VALUE>x</VALUE>").as_string(), "x");
    EXPECT_EQ(value("<VALUE.REFERENCE><CLASSNAME NAME=\"T\"/></VALUE.REFERENCE>").type(),
              Type::reference);
    const Value array = value("<VALUE.ARRAY><VALUE>a</VALUE><VALUE.NULL/></VALUE.ARRAY>");
    ASSERT_EQ(array.elements().size(), 2u);
    EXPECT_TRUE(array.elements()[1].is_null());
    EXPECT_EQ(value("<VALUE.REFARRAY><VALUE.REFERENCE><CLASSNAME NAME=\"T\"/></VALUE.REFERENCE>"
                    "</VALUE.REFARRAY>")
                  .elements()
                  .size(),
              1u);
    EXPECT_THROW(value("<VALUE>a</VALUE><VALUE>b</VALUE>"), Error);
}

}  // namespace
}  // namespace reviver::cim::cim_xml
