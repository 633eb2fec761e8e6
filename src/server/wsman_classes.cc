// Classes as resources.
#include "cim/class_text.h"
#include "cim/ws_names.h"
#include "server/wsman_operations.h"

namespace reviver::server {

namespace ws = cim::ws;

namespace {

// Each option comes with or without the prefix, and is on unless it is switched off.
bool is_on(const WsmanRequest& request, const std::string& name) {
    for (const std::string& spelling : {name, "wmi:" + name}) {
        const auto found = request.options.find(spelling);
        if (found != request.options.end()) return !cim::same_name(found->second, "false");
    }
    return true;
}

cim::ClassDetail detail_in(const WsmanRequest& request) {
    cim::ClassDetail detail;
    detail.qualifiers = is_on(request, "IncludeQualifiers");
    detail.inherited = is_on(request, "IncludeInheritedElements");
    detail.class_origin = is_on(request, "IncludeClassOrigin");
    detail.derivation = is_on(request, "IncludeInheritanceHierarchy");
    return detail;
}

// In the selector, else in the URI; "*" and nothing stand for all.
std::string class_name_in(const WsmanRequest& request) {
    const auto selector = request.selectors.keys.find("ClassName");
    std::string name =
        request.resource_uri->substr(std::string_view(ws::class_metadata_uri).size());
    if (selector != request.selectors.keys.end() && selector->second.type() == cim::Type::string) {
        name = selector->second.as_string();
    }
    return name == "*" ? std::string() : name;
}

}  // namespace

bool is_about_classes(const WsmanRequest& request) {
    return request.resource_uri && request.resource_uri->starts_with(ws::class_metadata_uri);
}

WsmanAnswer get_class(const WsmanOperation& operation) {
    const WsmanRequest& request = operation.request;
    const std::string& name_space = request.selectors.name_space;
    const cim::Class& found =
        operation.objects.get_class(operation.who, name_space, class_name_in(request));
    return {std::string(ws::transfer) + "/GetResponse",
            cim::write_class(operation.objects.schema(name_space), found, detail_in(request))};
}

Enumeration enumerate_classes(const WsmanOperation& operation) {
    const WsmanRequest& request = operation.request;
    const cim::Schema& schema = operation.objects.schema(request.selectors.name_space);
    std::vector<const cim::Class*> classes;
    const std::string name = class_name_in(request);
    if (name.empty()) {
        classes = operation.objects.classes(operation.who, request.selectors.name_space);
    } else {
        classes = schema.with_subclasses(
            operation.objects.get_class(operation.who, request.selectors.name_space, name));
    }
    const std::size_t count = classes.size();
    return {count, 0,
            [classes = std::move(classes), &schema, detail = detail_in(request)](
                std::size_t index) { return cim::write_class(schema, *classes[index], detail); }};
}

}  // namespace reviver::server
