#include "cim/xml.h"

#include "base/error.h"
#include "cim/limits.h"
#include "cim/names.h"

#include <expat.h>
#include <fmt/format.h>

#include <memory>
#include <optional>

namespace reviver::cim {

namespace {

// Stands between namespace and name in what expat reports; no namespace URI can hold it.
constexpr char separator = '\n';

// Builds the tree from expat's callbacks. A callback must not throw through C code, so the first
// failure is kept, the parser stopped, and the failure thrown from parse().
class TreeBuilder {
  public:
    TreeBuilder() : parser_(XML_ParserCreateNS("UTF-8", separator), XML_ParserFree) {
        if (!parser_) fail(Code::out_of_memory, "no memory for an XML parser");
        XML_SetUserData(parser_.get(), this);
        XML_SetElementHandler(parser_.get(), on_start, on_end);
        XML_SetCharacterDataHandler(parser_.get(), on_text);
        XML_SetStartDoctypeDeclHandler(parser_.get(), on_doctype);
        XML_SetStartNamespaceDeclHandler(parser_.get(), on_namespace);
    }

    XmlElement parse(std::string_view text) {
        const auto status =
            XML_Parse(parser_.get(), text.data(), static_cast<int>(text.size()), XML_TRUE);
        if (failure_) throw Error(*failure_);
        if (status != XML_STATUS_OK || !root_) {
            fail(Code::protocol, "this is no well-formed XML: {} in line {}",
                 XML_ErrorString(XML_GetErrorCode(parser_.get())),
                 XML_GetCurrentLineNumber(parser_.get()));
        }
        return std::move(*root_);
    }

  private:
    static TreeBuilder& self(void* data) { return *static_cast<TreeBuilder*>(data); }
    static void on_start(void* data, const XML_Char* name, const XML_Char** attributes) {
        self(data).start(name, attributes);
    }
    static void on_end(void* data, const XML_Char*) { self(data).end(); }
    static void on_text(void* data, const XML_Char* text, int length) {
        TreeBuilder& builder = self(data);
        if (!builder.failure_ && !builder.open_.empty()) {
            builder.open_.back().text.append(text, static_cast<std::size_t>(length));
        }
    }
    static void on_doctype(void* data, const XML_Char*, const XML_Char*, const XML_Char*, int) {
        self(data).stop(Code::protocol, "XML with a document type is refused");
    }
    static void on_namespace(void* data, const XML_Char*, const XML_Char*) {
        TreeBuilder& builder = self(data);
        if (++builder.namespaces_ > limits::xml_namespaces_max) {
            builder.stop(Code::out_of_memory, "an XML element declares too many namespaces");
        }
    }

    void stop(Code code, const char* why) {
        if (!failure_) failure_.emplace(code, why);
        XML_StopParser(parser_.get(), XML_FALSE);
    }

    static void split(std::string_view joined, std::string& name_space, std::string& name) {
        const auto at = joined.find(separator);
        if (at == std::string_view::npos) {
            name = joined;
        } else {
            name_space = joined.substr(0, at);
            name = joined.substr(at + 1);
        }
    }

    void start(const XML_Char* name, const XML_Char** attributes) {
        namespaces_ = 0;
        if (failure_) return;
        if (open_.size() == limits::xml_depth_max) {
            return stop(Code::out_of_memory, "the XML is nested too deeply");
        }
        if (++nodes_ > limits::xml_nodes_max) {
            return stop(Code::out_of_memory, "the XML has too many elements");
        }
        XmlElement element;
        split(name, element.name_space, element.name);
        for (; *attributes; attributes += 2) {
            if (element.attributes.size() == limits::xml_attributes_max) {
                return stop(Code::out_of_memory, "an XML element has too many attributes");
            }
            XmlAttribute attribute;
            split(attributes[0], attribute.name_space, attribute.name);
            attribute.value = attributes[1];
            element.attributes.push_back(std::move(attribute));
        }
        open_.push_back(std::move(element));
    }

    void end() {
        if (failure_) return;
        XmlElement finished = std::move(open_.back());
        open_.pop_back();
        if (open_.empty())
            root_ = std::move(finished);
        else
            open_.back().children.push_back(std::move(finished));
    }

    std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser_;
    std::vector<XmlElement> open_;
    std::optional<XmlElement> root_;
    std::optional<Error> failure_;
    std::size_t nodes_ = 0;
    std::size_t namespaces_ = 0;
};

}  // namespace

const XmlElement* XmlElement::child(std::string_view child_name_space,
                                    std::string_view child_name) const {
    for (const XmlElement& candidate : children) {
        if (candidate.is(child_name_space, child_name)) return &candidate;
    }
    return nullptr;
}

const XmlElement* XmlElement::child_named(std::string_view local_name) const {
    for (const XmlElement& candidate : children) {
        if (candidate.name == local_name) return &candidate;
    }
    return nullptr;
}

const std::string* XmlElement::attribute(std::string_view local_name,
                                         std::string_view its_name_space) const {
    for (const XmlAttribute& candidate : attributes) {
        if (candidate.name == local_name && candidate.name_space == its_name_space) {
            return &candidate.value;
        }
    }
    return nullptr;
}

const std::string* XmlElement::attribute_in_any_namespace(std::string_view local_name) const {
    for (const XmlAttribute& candidate : attributes) {
        if (candidate.name == local_name) return &candidate.value;
    }
    return nullptr;
}

bool XmlElement::has_text() const {
    return !trim(text).empty();
}

XmlElement parse_xml(std::string_view utf8) {
    if (utf8.size() > limits::xml_bytes_max) {
        fail(Code::out_of_memory, "the XML is larger than {} bytes", limits::xml_bytes_max);
    }
    return TreeBuilder().parse(utf8);
}

}  // namespace reviver::cim
