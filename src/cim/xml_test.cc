#include "cim/xml.h"

#include "base/error.h"
#include "cim/limits.h"
#include "cim/text_encoding.h"
#include "cim/xml_writer.h"

#include <gtest/gtest.h>

namespace reviver::cim {
namespace {

Code refusal_of(const std::string& text) {
    try {
        parse_xml(text);
    } catch (const Error& error) {
        return error.code();
    }
    ADD_FAILURE() << text.substr(0, 100);
    return Code::failed;
}

std::string repeated(const std::string& text, std::size_t times) {
    std::string result;
    for (std::size_t i = 0; i < times; ++i) result += text;
    return result;
}

TEST(Xml, BindsNamesByNamespace) {
    const XmlElement root = parse_xml(
        "<a:r xmlns:a='urn:a' xmlns='urn:d' a:x='1' x='2'><c>t&lt;e</c><![CDATA[<raw>]]> "
        "tail</a:r>");
    EXPECT_TRUE(root.is("urn:a", "r"));
    EXPECT_EQ(*root.attribute("x", "urn:a"), "1");
    EXPECT_EQ(*root.attribute("x"), "2");
    EXPECT_EQ(root.child("urn:d", "c")->text, "t<e");
    EXPECT_EQ(root.child("", "c"), nullptr);
    EXPECT_EQ(root.text, "<raw> tail");
}

TEST(Xml, IgnoresADeclarationThatIsNotTrue) {
    EXPECT_EQ(parse_xml("<?xml version='1.0' encoding='utf-16'?><a>\xc3\xa9</a>").text, "\xc3\xa9");
}

TEST(Xml, RefusesDocumentTypes) {
    EXPECT_EQ(refusal_of("<!DOCTYPE a><a/>"), Code::protocol);
    EXPECT_EQ(refusal_of("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>"),
              Code::protocol);
    EXPECT_EQ(refusal_of("<!DOCTYPE a [<!ENTITY x 'yyyy'><!ENTITY z '&x;&x;'>]><a>&z;</a>"),
              Code::protocol);
    EXPECT_EQ(refusal_of("<a>&unknown;</a>"), Code::protocol);
}

TEST(Xml, RefusesWhatIsNotWellFormed) {
    for (const char* bad :
         {"", "<a>", "<a></b>", "<a/><b/>", "text", "<a:b/>", "<a x='1' x='2'/>", "<a>\x01</a>"}) {
        EXPECT_EQ(refusal_of(bad), Code::protocol) << bad;
    }
}

TEST(Xml, HasLimits) {
    const std::size_t depth = limits::xml_depth_max;
    EXPECT_NO_THROW(parse_xml(repeated("<a>", depth) + repeated("</a>", depth)));
    EXPECT_EQ(refusal_of(repeated("<a>", depth + 1) + repeated("</a>", depth + 1)),
              Code::out_of_memory);
    EXPECT_EQ(refusal_of(repeated("<a>", 100'000)), Code::out_of_memory);
    EXPECT_EQ(refusal_of("<a>" + repeated("<b/>", limits::xml_nodes_max) + "</a>"),
              Code::out_of_memory);
    std::string attributes, namespaces;
    for (std::size_t i = 0; i <= limits::xml_attributes_max; ++i) {
        attributes += " a" + std::to_string(i) + "='1'";
        namespaces += " xmlns:n" + std::to_string(i) + "='u" + std::to_string(i) + "'";
    }
    EXPECT_EQ(refusal_of("<a" + attributes + "/>"), Code::out_of_memory);
    EXPECT_EQ(refusal_of("<a" + namespaces + "/>"), Code::out_of_memory);
    EXPECT_EQ(refusal_of(std::string(limits::xml_bytes_max + 1, ' ')), Code::out_of_memory);
}

TEST(XmlWriter, EscapesWhatAClientChose) {
    const std::string nasty = "a&<>\"'\n\t\r\x01\xef\xbf\xbe\xc3\xa9";
    XmlWriter out;
    out.open("r").attribute("x", nasty).text(nasty).open("e").close().close();
    const XmlElement root = parse_xml(out.take());
    EXPECT_EQ(root.text, "a&<>\"'\n\t\r??\xc3\xa9");
    EXPECT_EQ(*root.attribute("x"), root.text);
}

// The fuzzer found a refusal that repeated a text cut off within a character: it was no XML.
TEST(XmlWriter, WritesNothingThatIsNoCharacter) {
    EXPECT_EQ(escape_xml("\xe2\x82\xac\xf0\x9f\x98\x80"), "\xe2\x82\xac\xf0\x9f\x98\x80");
    EXPECT_EQ(escape_xml("a\xe2\x82"), "a??");
    EXPECT_EQ(escape_xml("\x80<\xff\xed\xa0\x80"), "?&lt;????");
    EXPECT_EQ(escape_xml("\xef\xbf\xbe"), "?");
}

TEST(TextEncoding, GoesThereAndBack) {
    const std::string text = "<a>\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80</a>";
    for (const auto encoding : {Encoding::utf16_le, Encoding::utf16_be, Encoding::utf8}) {
        const std::string bytes = from_utf8(text, encoding);
        EXPECT_EQ(detect_encoding(bytes), encoding);
        EXPECT_EQ(to_utf8(bytes, encoding), text);
    }
    EXPECT_EQ(detect_encoding(std::string("<\0a\0", 4)), Encoding::utf16_le);
    EXPECT_EQ(detect_encoding(std::string("\0<\0a", 4)), Encoding::utf16_be);
}

TEST(TextEncoding, RefusesOtherBytes) {
    for (const char* bad :
         {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82"}) {
        EXPECT_FALSE(is_utf8(bad));
        EXPECT_THROW(to_utf8(bad, Encoding::utf8), Error);
    }
    EXPECT_THROW(to_utf8("a", Encoding::utf16_le), Error);
    EXPECT_THROW(to_utf8(std::string("\x00\xd8", 2), Encoding::utf16_le), Error);
    EXPECT_THROW(to_utf8(std::string("\x00\xdc\x00\x00", 4), Encoding::utf16_le), Error);
}

}  // namespace
}  // namespace reviver::cim
