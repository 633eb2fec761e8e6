#include "cim/ws_resource.h"

#include "base/bytes.h"
#include "base/error.h"
#include "cim/limits.h"
#include "cim/value_text.h"
#include "cim/ws_names.h"

#include <algorithm>

namespace reviver::cim::ws {

namespace {

bool starts_with(std::string_view text, std::string_view prefix) {
    return text.size() >= prefix.size() && same_name(text.substr(0, prefix.size()), prefix);
}

bool is_class_name(std::string_view name) {
    const auto in_name = [](unsigned char c) { return std::isalnum(c) || c == '_' || c >= 0x80; };
    return name == "*" ||
           (!name.empty() && name.size() <= 256 && std::all_of(name.begin(), name.end(), in_name));
}

[[noreturn]] void no_class(std::string_view uri) {
    fail(Code::invalid_parameter, "the resource URI {} names no class", beginning_of(uri, 200));
}

Value selector_value(const XmlElement& selector, std::size_t depth) {
    if (const XmlElement* reference = selector.child(addressing, "EndpointReference")) {
        return read_reference(*reference, {}, depth + 1);
    }
    return selector.text;
}

}  // namespace

ResourceUri parse_resource_uri(std::string_view given) {
    std::string_view uri = trim(given);
    ResourceUri result;
    if (uri == all_classes_uri) {
        result.class_name = "*";
        return result;
    }
    if (starts_with(uri, wmi_uri)) {
        uri.remove_prefix(std::string_view(wmi_uri).size());
        const auto slash = uri.rfind('/');
        if (slash == std::string_view::npos) no_class(given);
        result.form = UriForm::wmi;
        result.name_space = normal_namespace(uri.substr(0, slash));
        uri.remove_prefix(slash + 1);
    } else if (starts_with(uri, class_uri)) {
        uri.remove_prefix(std::string_view(class_uri).size());
    } else if (starts_with(uri, old_class_uri)) {
        uri.remove_prefix(std::string_view(old_class_uri).size());
    } else {
        no_class(given);
    }
    if (!is_class_name(uri)) no_class(given);
    result.class_name = uri;
    return result;
}

std::string resource_uri(UriForm form, std::string_view name_space, std::string_view class_name) {
    if (form == UriForm::dmtf) return class_uri + std::string(class_name);
    return wmi_uri + std::string(name_space) + "/" + std::string(class_name);
}

Selectors read_selectors(const XmlElement* selector_set, std::size_t depth) {
    Selectors result;
    if (!selector_set) return result;
    bool has_name_space = false;
    for (const XmlElement& selector : selector_set->children) {
        if (selector.name != "Selector") continue;
        const std::string* name = selector.attribute("Name");
        if (!name) name = selector.attribute("Name", wsman);
        if (!name || name->empty()) fail(Code::invalid_parameter, "a selector has no name");
        if (result.keys.size() == limits::object_path_keys_max) {
            fail(Code::out_of_memory, "there are more than {} selectors",
                 limits::object_path_keys_max);
        }
        const bool is_name_space = same_name(*name, namespace_selector);
        const bool twice =
            is_name_space ? std::exchange(has_name_space, true)
                          : !result.keys.emplace(*name, selector_value(selector, depth)).second;
        if (twice) fail(Code::exists, "the selector {} comes twice", *name);
        if (is_name_space) result.name_space = normal_namespace(selector.text);
    }
    return result;
}

bool looks_like_reference(const XmlElement& element) {
    return element.child(addressing, "EndpointReference") ||
           element.child(addressing, "ReferenceParameters") ||
           element.child(addressing, "ReferenceProperties");
}

ObjectPath read_reference(const XmlElement& given, std::string_view default_namespace,
                          std::size_t depth) {
    if (depth > limits::reference_depth_max) {
        fail(Code::invalid_parameter, "references are nested too deeply");
    }
    const XmlElement* element = given.child(addressing, "EndpointReference");
    if (!element) element = &given;
    const XmlElement* parameters = element->child(addressing, "ReferenceParameters");
    if (!parameters) parameters = element->child(addressing, "ReferenceProperties");
    const XmlElement* uri = parameters ? parameters->child(wsman, "ResourceURI") : nullptr;
    if (!uri) fail(Code::invalid_parameter, "the endpoint reference has no resource URI");
    const ResourceUri resource = parse_resource_uri(uri->text);
    Selectors selectors = read_selectors(parameters->child(wsman, "SelectorSet"), depth);
    ObjectPath path(resource.class_name, std::move(selectors.keys));
    if (!selectors.name_space.empty())
        path.set_name_space(selectors.name_space);
    else if (!resource.name_space.empty())
        path.set_name_space(resource.name_space);
    else
        path.set_name_space(default_namespace);
    return path;
}

void write_selectors(XmlWriter& out, const ObjectPath& path, UriForm form) {
    out.open("w:SelectorSet").attribute("xmlns:w", wsman);
    for (const auto& [name, value] : path.keys()) {
        if (value.is_null()) continue;
        out.open("w:Selector").attribute("Name", name);
        if (value.type() == Type::reference) {
            out.open("a:EndpointReference");
            write_reference(out, value.as_reference(), form);
            out.close();
        } else {
            out.text(scalar_text(value));
        }
        out.close();
    }
    if (!path.name_space().empty()) {
        out.open("w:Selector").attribute("Name", namespace_selector);
        out.text(path.name_space()).close();
    }
    out.close();
}

void write_reference(XmlWriter& out, const ObjectPath& path, UriForm form) {
    // Each part binds its prefixes itself: some clients cut it out of the text and send it back
    // among other prefixes.
    out.open("a:Address").attribute("xmlns:a", addressing).text(anonymous).close();
    out.open("a:ReferenceParameters").attribute("xmlns:a", addressing).attribute("xmlns:w", wsman);
    out.element("w:ResourceURI", resource_uri(form, path.name_space(), path.class_name()));
    write_selectors(out, path, form);
    out.close();
}

}  // namespace reviver::cim::ws
