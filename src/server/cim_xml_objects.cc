// Operations on one instance, on classes, and methods.
#include "cim/cim_xml_reader.h"
#include "cim/cim_xml_writer.h"
#include "cim/class_text.h"
#include "server/cim_xml_operations.h"

#include <fmt/format.h>

namespace reviver::server {

using cim::CimError;
using cim::Status;

namespace {

std::string returned(cim::XmlWriter& content) {
    return "<IRETURNVALUE>" + content.take() + "</IRETURNVALUE>";
}

const cim::Schema& schema_of(const CimXmlOperation& operation) {
    return operation.objects.schema(operation.request.target_namespace());
}

// Without LocalOnly, clients expect what the class itself declares and no more.
cim::ClassDetail detail_in(const CimXmlRequest& request) {
    cim::ClassDetail detail;
    detail.inherited = !request.flag("LocalOnly", true);
    detail.qualifiers = request.flag("IncludeQualifiers", true);
    detail.class_origin = request.flag("IncludeClassOrigin", false);
    detail.derivation = false;  // the published document type has no such attribute
    detail.wanted = request.property_list();
    return detail;
}

// The subclasses of the class that is named, or of none: the next generation or all of them.
std::vector<const cim::Class*> subclasses(const CimXmlOperation& operation) {
    const CimXmlRequest& request = operation.request;
    const cim::Schema& schema = schema_of(operation);
    const std::string parent = request.class_name("ClassName");
    const bool deep = request.flag("DeepInheritance", false);
    if (!parent.empty()) {
        operation.objects.get_class(operation.who, request.target_namespace(), parent);
    }
    std::vector<const cim::Class*> result;
    for (const cim::Class* one :
         operation.objects.classes(operation.who, request.target_namespace())) {
        const bool below = parent.empty() || (schema.derives(one->name, parent) &&
                                              !cim::same_name(one->name, parent));
        if (below && (deep || cim::same_name(one->superclass, parent))) result.push_back(one);
    }
    return result;
}

cim::Arguments arguments_in(const CimXmlRequest& request) {
    cim::Arguments arguments;
    for (const auto& [name, element] : request.parameters) {
        try {
            arguments[name] = cim::cim_xml::read_parameter(element);
        } catch (const Error& error) {
            throw CimError(Status::invalid_parameter, fmt::format("{}: {}", name, error.what()));
        }
    }
    return arguments;
}

std::string_view parameter_type(const cim::Element& element) {
    return element.type == cim::Type::reference ? "reference" : cim::name_of(element.type);
}

void write_out_parameter(cim::XmlWriter& out, const cim::Parameter& parameter,
                         const cim::Value& value) {
    out.open("PARAMVALUE").attribute("NAME", parameter.name);
    out.attribute("PARAMTYPE", parameter_type(parameter));
    if (value.type() == cim::Type::instance) out.attribute("EmbeddedObject", "instance");
    cim::cim_xml::write_value(out, value);
    out.close();
}

}  // namespace

std::string get_cim_instance(const CimXmlOperation& operation) {
    const CimXmlRequest& request = operation.request;
    const cim::Schema& schema = schema_of(operation);
    const cim::Instance instance =
        operation.objects.get(operation.who, request.path("InstanceName"));
    cim::XmlWriter out;
    cim::cim_xml::write_instance(
        out, instance,
        {schema.find(instance.class_name()), request.flag("IncludeClassOrigin", false),
         request.property_list()});
    return returned(out);
}

std::string get_cim_property(const CimXmlOperation& operation) {
    const CimXmlRequest& request = operation.request;
    const cim::Instance instance =
        operation.objects.get(operation.who, request.path("InstanceName"));
    const std::string name = request.text("PropertyName");
    const cim::Value* value = instance.find(name);
    if (!value) {
        throw CimError(Status::no_such_property,
                       fmt::format("{} has no property {}", instance.class_name(), name));
    }
    cim::XmlWriter out;
    cim::cim_xml::write_value(out, *value);
    return returned(out);
}

std::string get_cim_class(const CimXmlOperation& operation) {
    const CimXmlRequest& request = operation.request;
    const cim::Class& found = operation.objects.get_class(operation.who, request.target_namespace(),
                                                          request.path("ClassName").class_name());
    cim::XmlWriter out;
    out.markup(cim::write_class(schema_of(operation), found, detail_in(request)));
    return returned(out);
}

std::string list_cim_classes(const CimXmlOperation& operation) {
    const cim::ClassDetail detail = detail_in(operation.request);
    cim::XmlWriter out;
    for (const cim::Class* one : subclasses(operation)) {
        out.markup(cim::write_class(schema_of(operation), *one, detail));
    }
    return returned(out);
}

std::string list_cim_class_names(const CimXmlOperation& operation) {
    cim::XmlWriter out;
    for (const cim::Class* one : subclasses(operation)) {
        out.open("CLASSNAME").attribute("NAME", one->name).close();
    }
    return returned(out);
}

std::string invoke_cim_method(const CimXmlOperation& operation) {
    const CimXmlRequest& request = operation.request;
    const cim::Schema& schema = schema_of(operation);
    const cim::MethodResult result = operation.objects.invoke(operation.who, request.object,
                                                              request.name, arguments_in(request));
    const cim::Method& method = *schema.get(request.object.class_name()).find_method(request.name);
    cim::XmlWriter out;
    out.open("RETURNVALUE").attribute("PARAMTYPE", cim::name_of(method.type));
    cim::cim_xml::write_value(out, result.return_value);
    out.close();
    for (const cim::Parameter& parameter : method.parameters) {
        const auto value = result.out.find(parameter.name);
        if (!parameter.out() || value == result.out.end() || value->second.is_null()) continue;
        write_out_parameter(out, parameter, value->second);
    }
    return out.take();
}

}  // namespace reviver::server
