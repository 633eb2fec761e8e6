#include "cim/embedded_text.h"

#include "base/error.h"
#include "cim/cim_xml_reader.h"
#include "cim/cim_xml_writer.h"
#include "cim/limits.h"
#include "cim/mof_parser.h"
#include "cim/names.h"
#include "cim/text_encoding.h"
#include "cim/xml.h"
#include "cim/xml_writer.h"

#include <array>

namespace reviver::cim {

namespace {

[[noreturn]] void unreadable(std::string_view why) {
    fail(Code::invalid_parameter, "the text of the embedded instance cannot be read: {}", why);
}

// What may stand around an INSTANCE.
constexpr std::array<std::string_view, 10> wrappers = {"CIM",
                                                       "DECLARATION",
                                                       "DECLGROUP",
                                                       "DECLGROUP.WITHNAME",
                                                       "DECLGROUP.WITHPATH",
                                                       "VALUE.OBJECT",
                                                       "VALUE.NAMEDOBJECT",
                                                       "VALUE.OBJECTWITHPATH",
                                                       "VALUE.OBJECTWITHLOCALPATH",
                                                       "VALUE.NAMEDINSTANCE"};

bool is_wrapper(const XmlElement& element) {
    for (const std::string_view name : wrappers) {
        if (element.name == name) return true;
    }
    return false;
}

const XmlElement* find_instance(const XmlElement& element) {
    if (element.name == "INSTANCE") return &element;
    if (!is_wrapper(element)) return nullptr;
    for (const XmlElement& child : element.children) {
        if (const XmlElement* found = find_instance(child)) return found;
    }
    return nullptr;
}

Instance read_xml(std::string_view text, std::size_t depth) {
    const XmlElement root = parse_xml(text);
    const XmlElement* element = find_instance(root);
    if (!element) unreadable("there is no INSTANCE in it");
    return cim_xml::read_instance(*element, depth);
}

}  // namespace

Instance read_embedded(std::string_view text, std::size_t depth) {
    if (text.size() > limits::embedded_text_bytes_max) unreadable("it is too long");
    if (depth > limits::embedded_depth_max) unreadable("instances are nested too deeply");
    try {
        const std::string utf8 = to_utf8(text, detect_encoding(text));
        const std::string_view content = trim(utf8);
        if (content.empty()) unreadable("it is empty");
        return content.starts_with('<') ? read_xml(content, depth) : read_mof_instance(content);
    } catch (const Error& error) {
        if (error.code() == Code::invalid_parameter) throw;
        unreadable(error.what());
    }
}

std::string write_embedded(const Instance& instance) {
    XmlWriter out;
    cim_xml::write_instance(out, instance, {});
    return out.take();
}

}  // namespace reviver::cim
