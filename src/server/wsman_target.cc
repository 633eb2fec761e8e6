#include "server/wsman_target.h"

#include "cim/ws_names.h"

namespace reviver::server {

namespace ws = cim::ws;

namespace {

SoapFault no_such_resource(std::string text) {
    SoapFault fault(FaultFamily::addressing, "DestinationUnreachable", std::move(text),
                    "InvalidResourceURI");
    return fault.with_status(cim::Status::invalid_class);
}

ws::ResourceUri parse_uri(const WsmanRequest& request) {
    if (!request.resource_uri) throw no_such_resource("The header ResourceURI is missing.");
    if (request.resource_uri->starts_with("http://schemas.dmtf.org/wbem/ws-cim/1/")) {
        throw unsupported("Classes are not served in this form.", {});
    }
    try {
        return ws::parse_resource_uri(*request.resource_uri);
    } catch (const Error& error) {
        throw no_such_resource(error.what());
    }
}

std::string namespace_of(const ws::ResourceUri& uri, const ws::Selectors& selectors) {
    if (uri.name_space.empty()) return selectors.name_space;
    if (!selectors.name_space.empty() && !cim::same_name(uri.name_space, selectors.name_space)) {
        throw SoapFault(FaultFamily::wsman, "InternalError",
                        "The namespaces of the resource URI and of the selector differ.");
    }
    return uri.name_space;
}

SoapFault bad_selectors(std::string text, const char* detail) {
    SoapFault fault(FaultFamily::wsman, "InvalidSelectors", std::move(text), detail);
    return fault.with_status(cim::Status::invalid_parameter);
}

}  // namespace

WsmanTarget find_target(const cim::ObjectManager& objects, const WsmanRequest& request) {
    const ws::ResourceUri uri = parse_uri(request);
    WsmanTarget target;
    target.form = uri.form;
    try {
        target.schema = &objects.schema(namespace_of(uri, request.selectors));
    } catch (const cim::CimError& error) {
        throw SoapFault::of(error);
    }
    if (uri.class_name != "*") {
        target.of = target.schema->find(uri.class_name);
        if (!target.of) {
            throw no_such_resource(fmt::format("There is no class {} in {}.", uri.class_name,
                                               target.schema->name_space()));
        }
        target.path = cim::ObjectPath(target.of->name, request.selectors.keys);
    }
    target.path.set_name_space(target.schema->name_space());
    return target;
}

void check_names_one_object(const WsmanTarget& target) {
    if (!target.of) throw no_such_resource("The resource URI must name one class.");
    const auto keys = target.of->keys();
    // An ancestor may have no keys of its own: which ones an object has shows when it is found.
    if (target.path.keys().empty() || keys.empty()) return;
    for (const auto& [name, value] : target.path.keys()) {
        const cim::Property* property = target.of->find_property(name);
        if (!property || !property->is_key()) {
            throw bad_selectors(fmt::format("{} has no key {}.", target.of->name, name),
                                "UnexpectedSelectors");
        }
    }
    for (const cim::Property* key : keys) {
        if (!target.path.keys().contains(key->name)) {
            throw bad_selectors(fmt::format("The key {} is missing.", key->name),
                                "InsufficientSelectors");
        }
    }
}

ws::ValueStyle WsmanTarget::style(const WsmanRequest& request, const HttpRequest& http) const {
    ws::ValueStyle style;
    style.form = form;
    style.name_space = schema->name_space();
    style.schema = schema;
    // The one client that takes the element around a datetime for an instance names no user agent.
    style.bare_datetime = http.field("User-Agent").empty();
    style.property_types = request.option("msftwinrm:includepropertymetadata");
    style.precise_arrays = request.option("msftwinrm:UsePreciseArrays");
    return style;
}

}  // namespace reviver::server
