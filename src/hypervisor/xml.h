// A small XML document for editing domain definitions: elements, attributes and text in their
// order. Names keep their prefixes and xmlns attributes are attributes like others, so what is not
// understood is written back as it was read. Comments, processing instructions and the difference
// between text and CDATA are not kept; libvirt does not keep them either.
//
// A DTD, and anything beyond limits.h, is refused: Code::invalid_parameter with the line.
#pragma once

#include <list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reviver::hypervisor {

struct XmlElement {
    std::string name;
    std::vector<std::pair<std::string, std::string>> attributes;
    // What is inside: text pieces and elements, in order. An element has an empty `text` and vice
    // versa.
    struct Node;
    std::list<Node> inside;

    XmlElement* child(std::string_view child_name);
    const XmlElement* child(std::string_view child_name) const;
    std::vector<XmlElement*> children(std::string_view child_name);
    std::vector<const XmlElement*> children(std::string_view child_name) const;
    XmlElement& child_or_new(std::string_view child_name);
    XmlElement& append(XmlElement element);
    void remove(const XmlElement& element);
    void remove_children(std::string_view child_name);

    std::string attribute(std::string_view attribute_name) const;  // "" when absent
    void set_attribute(std::string_view attribute_name, std::string value);
    void remove_attribute(std::string_view attribute_name);
    std::string text() const;  // of its own text pieces, without surrounding white space
    void set_text(std::string text);
};

struct XmlElement::Node {
    std::string text;
    std::vector<XmlElement> element;  // none or one
};

XmlElement parse_xml(std::string_view document);
std::string write_xml(const XmlElement& root);

}  // namespace reviver::hypervisor
