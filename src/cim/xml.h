// XML in: a bounded tree with namespaces resolved, on expat. Document types are refused, so there
// are no entities but the five of XML. XML out: a writer that cannot forget to escape.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace reviver::cim {

struct XmlAttribute {
    std::string name_space;  // empty: none, as for most attributes
    std::string name;
    std::string value;
};

struct XmlElement {
    std::string name_space;  // empty: none
    std::string name;
    std::vector<XmlAttribute> attributes;  // without namespace declarations
    std::vector<XmlElement> children;
    std::string text;  // all text directly in this element, joined

    bool is(std::string_view wanted_name_space, std::string_view wanted_name) const {
        return name == wanted_name && name_space == wanted_name_space;
    }
    const XmlElement* child(std::string_view child_name_space, std::string_view child_name) const;
    const XmlElement* child_named(std::string_view local_name) const;  // in any namespace
    // nullptr: not there. An attribute in another namespace is another attribute.
    const std::string* attribute(std::string_view local_name,
                                 std::string_view its_name_space = {}) const;
    const std::string* attribute_in_any_namespace(std::string_view local_name) const;
    bool has_text() const;  // more than white space
};

// `utf8` is UTF-8 whatever its declaration says. Error(protocol) for text that is not well-formed
// or has a document type, Error(out_of_memory) for text beyond the limits of cim/limits.h.
XmlElement parse_xml(std::string_view utf8);

}  // namespace reviver::cim
