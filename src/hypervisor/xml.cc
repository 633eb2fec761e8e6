#include "hypervisor/xml.h"

#include "base/error.h"
#include "hypervisor/limits.h"

#include <expat.h>

#include <algorithm>
#include <memory>

namespace reviver::hypervisor {

namespace {

// Builds the tree while expat reads. Expat is C: what goes wrong is remembered and the parser
// stopped, nothing is thrown through it.
class Builder {
  public:
    explicit Builder(XML_Parser parser) : parser_(parser) {
        XML_SetUserData(parser, this);
        XML_SetElementHandler(parser, on_start, on_end);
        XML_SetCharacterDataHandler(parser, on_text);
        XML_SetStartDoctypeDeclHandler(parser, on_doctype);
    }

    XmlElement take_root() { return std::move(root_.inside.front().element.front()); }
    const std::string& refusal() const { return refusal_; }

  private:
    static Builder& of(void* user) { return *static_cast<Builder*>(user); }

    static void on_start(void* user, const XML_Char* name, const XML_Char** attributes) {
        Builder& builder = of(user);
        XmlElement element;
        element.name = name;
        for (; *attributes != nullptr; attributes += 2) {
            element.attributes.emplace_back(attributes[0], attributes[1]);
        }
        builder.nodes_ += 1 + element.attributes.size();
        if (builder.nodes_ > xml_nodes_max) return builder.refuse("too many elements");
        if (builder.open_.size() > xml_depth_max) return builder.refuse("too deeply nested");
        builder.open_.push_back(&builder.open_.back()->append(std::move(element)));
    }

    static void on_end(void* user, const XML_Char*) { of(user).open_.pop_back(); }

    static void on_text(void* user, const XML_Char* text, int length) {
        auto& inside = of(user).open_.back()->inside;
        if (inside.empty() || !inside.back().element.empty()) inside.emplace_back();
        inside.back().text.append(text, static_cast<std::size_t>(length));
    }

    static void on_doctype(void* user, const XML_Char*, const XML_Char*, const XML_Char*, int) {
        of(user).refuse("a document type declaration is not allowed");
    }

    void refuse(const char* why) {
        if (refusal_.empty()) refusal_ = why;
        XML_StopParser(parser_, XML_FALSE);
    }

    XML_Parser parser_;
    XmlElement root_;
    std::vector<XmlElement*> open_{&root_};
    std::size_t nodes_ = 0;
    std::string refusal_;
};

void append_escaped(std::string& to, std::string_view text, bool in_attribute) {
    for (const char c : text) {
        switch (c) {
            case '&':
                to += "&amp;";
                break;
            case '<':
                to += "&lt;";
                break;
            case '>':
                to += "&gt;";
                break;
            case '\'':
                to += in_attribute ? "&apos;" : "'";
                break;
            // A parser turns these into spaces in attributes, and line ends into one kind, unless
            // they are written as numbers.
            case '\n':
                to += in_attribute ? "&#10;" : "\n";
                break;
            case '\t':
                to += in_attribute ? "&#9;" : "\t";
                break;
            case '\r':
                to += "&#13;";
                break;
            default:
                to += c;
        }
    }
}

void append_element(std::string& to, const XmlElement& element) {
    to += '<' + element.name;
    for (const auto& [name, value] : element.attributes) {
        to += ' ' + name + "='";
        append_escaped(to, value, true);
        to += '\'';
    }
    if (element.inside.empty()) {
        to += "/>";
        return;
    }
    to += '>';
    for (const XmlElement::Node& node : element.inside) {
        append_escaped(to, node.text, false);
        for (const XmlElement& inner : node.element) append_element(to, inner);
    }
    to += "</" + element.name + '>';
}

}  // namespace

XmlElement parse_xml(std::string_view document) {
    if (document.size() > xml_bytes_max) fail(Code::invalid_parameter, "the XML is too large");
    const std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser(
        XML_ParserCreate(nullptr), XML_ParserFree);
    if (parser == nullptr) fail(Code::out_of_memory, "no memory for an XML parser");
    Builder builder(parser.get());
    const auto status =
        XML_Parse(parser.get(), document.data(), static_cast<int>(document.size()), XML_TRUE);
    if (status == XML_STATUS_OK) return builder.take_root();
    const char* why = XML_ErrorString(XML_GetErrorCode(parser.get()));
    fail(Code::invalid_parameter, "the XML is not right at line {}: {}",
         XML_GetCurrentLineNumber(parser.get()),
         builder.refusal().empty() ? why : builder.refusal());
}

std::string write_xml(const XmlElement& root) {
    std::string result;
    append_element(result, root);
    return result + '\n';
}

const XmlElement* XmlElement::child(std::string_view child_name) const {
    for (const Node& node : inside) {
        for (const XmlElement& element : node.element) {
            if (element.name == child_name) return &element;
        }
    }
    return nullptr;
}

XmlElement* XmlElement::child(std::string_view child_name) {
    return const_cast<XmlElement*>(std::as_const(*this).child(child_name));
}

std::vector<const XmlElement*> XmlElement::children(std::string_view child_name) const {
    std::vector<const XmlElement*> result;
    for (const Node& node : inside) {
        for (const XmlElement& element : node.element) {
            if (element.name == child_name) result.push_back(&element);
        }
    }
    return result;
}

std::vector<XmlElement*> XmlElement::children(std::string_view child_name) {
    std::vector<XmlElement*> result;
    for (const XmlElement* element : std::as_const(*this).children(child_name)) {
        result.push_back(const_cast<XmlElement*>(element));
    }
    return result;
}

XmlElement& XmlElement::child_or_new(std::string_view child_name) {
    if (XmlElement* found = child(child_name)) return *found;
    XmlElement made;
    made.name = child_name;
    return append(std::move(made));
}

XmlElement& XmlElement::append(XmlElement element) {
    Node& node = inside.emplace_back();
    return node.element.emplace_back(std::move(element));
}

void XmlElement::remove(const XmlElement& element) {
    inside.remove_if([&](const Node& node) {
        return !node.element.empty() && &node.element.front() == &element;
    });
}

void XmlElement::remove_children(std::string_view child_name) {
    inside.remove_if([&](const Node& node) {
        return !node.element.empty() && node.element.front().name == child_name;
    });
}

std::string XmlElement::attribute(std::string_view attribute_name) const {
    for (const auto& [key, value] : attributes) {
        if (key == attribute_name) return value;
    }
    return {};
}

void XmlElement::set_attribute(std::string_view attribute_name, std::string value) {
    for (auto& [key, old] : attributes) {
        if (key != attribute_name) continue;
        old = std::move(value);
        return;
    }
    attributes.emplace_back(attribute_name, std::move(value));
}

void XmlElement::remove_attribute(std::string_view attribute_name) {
    std::erase_if(attributes, [&](const auto& entry) { return entry.first == attribute_name; });
}

std::string XmlElement::text() const {
    std::string all;
    for (const Node& node : inside) all += node.text;
    const auto begin = all.find_first_not_of(" \t\r\n");
    if (begin == std::string::npos) return {};
    return all.substr(begin, all.find_last_not_of(" \t\r\n") - begin + 1);
}

void XmlElement::set_text(std::string text) {
    inside.clear();
    inside.push_back({std::move(text), {}});
}

}  // namespace reviver::hypervisor
