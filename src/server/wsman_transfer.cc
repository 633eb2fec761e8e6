// Get, and methods.
#include "base/bytes.h"
#include "cim/ws_names.h"
#include "cim/xml_writer.h"
#include "server/wsman_operations.h"

namespace reviver::server {

namespace ws = cim::ws;

namespace {

// What is wrong with a key of the object that the selectors name is a fault of the selectors, not
// of a parameter.
template <class Find>
auto find_by_selectors(const WsmanTarget& target, Find find) {
    check_names_one_object(target);
    try {
        return find();
    } catch (const cim::CimError& error) {
        const bool mismatch = error.status() == cim::Status::type_mismatch;
        if (!mismatch && error.status() != cim::Status::invalid_parameter) throw;
        SoapFault fault(FaultFamily::wsman, "InvalidSelectors", error.what(),
                        mismatch ? "TypeMismatch" : "InsufficientSelectors");
        throw fault.with_status(error.status());
    }
}

cim::Instance find_object(const WsmanOperation& operation, const WsmanTarget& target) {
    return find_by_selectors(target,
                             [&] { return operation.objects.get(operation.who, target.path); });
}

// The last part of an action that is a class URI with a method behind it; empty: it is none.
std::string method_in(const std::string& action) {
    const auto slash = action.rfind('/');
    if (slash == std::string::npos) return {};
    try {
        ws::parse_resource_uri(action.substr(0, slash));
    } catch (const Error&) {
        return {};
    }
    return action.substr(slash + 1);
}

SoapFault no_such_action(const std::string& action) {
    SoapFault fault(FaultFamily::addressing, "ActionNotSupported",
                    fmt::format("The action {} is not served.", beginning_of(action, 300)));
    return fault.with_status(cim::Status::method_not_found);
}

cim::Callee find_callee(const WsmanOperation& operation, const WsmanTarget& target,
                        const std::string& method) {
    try {
        return find_by_selectors(
            target, [&] { return operation.objects.callee(operation.who, target.path, method); });
    } catch (const cim::CimError& error) {
        if (error.status() != cim::Status::method_not_found) throw;
        throw no_such_action(operation.request.action);
    }
}

cim::Arguments read_arguments(const WsmanOperation& operation, const WsmanTarget& target,
                              const cim::Method& method) {
    const cim::XmlElement& body = operation.request.body;
    cim::Arguments arguments;
    if (body.children.empty()) return arguments;
    if (body.children.size() > 1) throw schema_violation("The body holds more than one element.");
    std::vector<cim::NamedValue> values;
    try {
        values = ws::read_values(body.children[0], target.schema->name_space());
    } catch (const Error& error) {
        throw SoapFault(FaultFamily::wsman, "InvalidParameter", error.what(),
                        error.code() == Code::wrong_type ? "TypeMismatch" : "InvalidValues");
    }
    for (cim::NamedValue& value : values) {
        const cim::Parameter* parameter = method.find(value.name);
        if (!parameter || !parameter->in()) {
            throw SoapFault(
                FaultFamily::wsman, "InvalidParameter",
                fmt::format("{} has no parameter {}.", method.name, beginning_of(value.name, 100)),
                "InvalidName");
        }
        if (!arguments.emplace(parameter->name, std::move(value.value)).second) {
            throw SoapFault(FaultFamily::wsman, "InvalidParameter",
                            fmt::format("{} comes twice.", parameter->name), "InvalidName");
        }
    }
    return arguments;
}

std::string output_of(const WsmanTarget& target, const ws::ValueStyle& style,
                      const cim::Method& method, const cim::MethodResult& result) {
    cim::XmlWriter out;
    out.open("p:" + method.name + "_OUTPUT")
        .attribute("xmlns:p", ws::resource_uri(target.form, style.name_space, target.of->name))
        .attribute("xmlns:xsi", ws::schema_instance)
        .attribute("xmlns:cim", ws::common);
    for (const cim::Parameter& parameter : method.parameters) {
        const auto value = result.out.find(parameter.name);
        if (!parameter.out() || value == result.out.end() || value->second.is_null()) continue;
        ws::write_value(out, "p:" + parameter.name, value->second, style);
    }
    ws::write_value(out, "p:ReturnValue", result.return_value, style);
    return out.close().take();
}

}  // namespace

WsmanAnswer get_instance(const WsmanOperation& operation) {
    const WsmanTarget target = find_target(operation.objects, operation.request);
    cim::XmlWriter out;
    ws::write_instance(out, find_object(operation, target),
                       target.style(operation.request, operation.http));
    return {std::string(ws::transfer) + "/GetResponse", out.take()};
}

void refuse_change(const WsmanOperation& operation) {
    find_object(operation, find_target(operation.objects, operation.request));
    throw unsupported("Instances are changed by methods, not directly.", {});
}

void refuse_creation(const WsmanOperation& operation) {
    find_target(operation.objects, operation.request);
    throw unsupported("Instances are made by methods, not directly.", {});
}

WsmanAnswer invoke_method(const WsmanOperation& operation) {
    const std::string& action = operation.request.action;
    const std::string name = method_in(action);
    if (name.empty()) throw no_such_action(action);
    const WsmanTarget target = find_target(operation.objects, operation.request);
    const auto [object, method] = find_callee(operation, target, name);
    const cim::Arguments arguments = read_arguments(operation, target, *method);
    const cim::MethodResult result =
        operation.objects.invoke(operation.who, object, method->name, arguments);
    const ws::ValueStyle style = target.style(operation.request, operation.http);
    return {action + "Response", output_of(target, style, *method, result)};
}

}  // namespace reviver::server
