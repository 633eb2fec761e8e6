// Operations that give many objects: one table says what each looks for and in which elements it
// gives it.
#include "cim/cim_xml_writer.h"
#include "server/cim_xml_operations.h"
#include "server/limits.h"

#include <fmt/format.h>

#include <algorithm>

namespace reviver::server {

using cim::CimError;
using cim::Found;
using cim::Status;

namespace {

struct Style {
    std::string host;
    const cim::Schema* schema = nullptr;
    bool class_origin = false;
    std::function<bool(const std::string& property)> wanted;
};

void write_instance(cim::XmlWriter& out, const Found& found, const Style& style) {
    const cim::Class* declared = style.schema->find(found.instance.class_name());
    cim::cim_xml::write_instance(out, found.instance, {declared, style.class_origin, style.wanted});
}

using Render = void (*)(cim::XmlWriter&, const Found&, const Style&);

void instance_alone(cim::XmlWriter& out, const Found& found, const Style& style) {
    write_instance(out, found, style);
}

void named_instance(cim::XmlWriter& out, const Found& found, const Style& style) {
    out.open("VALUE.NAMEDINSTANCE");
    cim::cim_xml::write_instance_name(out, found.path);
    write_instance(out, found, style);
    out.close();
}

void instance_name(cim::XmlWriter& out, const Found& found, const Style&) {
    cim::cim_xml::write_instance_name(out, found.path);
}

void object_with_path(cim::XmlWriter& out, const Found& found, const Style& style) {
    out.open("VALUE.OBJECTWITHPATH");
    cim::cim_xml::write_path(out, found.path, style.host);
    write_instance(out, found, style);
    out.close();
}

void object_path(cim::XmlWriter& out, const Found& found, const Style& style) {
    out.open("OBJECTPATH");
    cim::cim_xml::write_path(out, found.path, style.host);
    out.close();
}

void instance_with_path(cim::XmlWriter& out, const Found& found, const Style& style) {
    out.open("VALUE.INSTANCEWITHPATH");
    cim::cim_xml::write_path(out, found.path, style.host);
    write_instance(out, found, style);
    out.close();
}

void instance_path(cim::XmlWriter& out, const Found& found, const Style& style) {
    cim::cim_xml::write_path(out, found.path, style.host);
}

struct Finding {
    std::vector<Found> objects;
    Style style;
};

Style style_of(const CimXmlOperation& operation) {
    return {operation.host, &operation.objects.schema(operation.request.target_namespace()),
            operation.request.flag("IncludeClassOrigin", false), operation.request.property_list()};
}

// Subclasses' instances are always among them; DeepInheritance says whether with what the
// subclasses add.
Finding find_instances(const CimXmlOperation& operation) {
    const CimXmlRequest& request = operation.request;
    Finding finding{{}, style_of(operation)};
    const std::string class_name = request.path("ClassName").class_name();
    finding.objects =
        operation.objects.enumerate(operation.who, request.target_namespace(), class_name,
                                    cim::Polymorphism::include_subclass_properties);
    if (!request.flag("DeepInheritance", true)) {
        const cim::Class& its_class = finding.style.schema->get(class_name);
        finding.style.wanted = [&its_class, listed = finding.style.wanted](const std::string& one) {
            return its_class.find_property(one) && (!listed || listed(one));
        };
    }
    return finding;
}

// The object whose neighbours are wanted.
cim::ObjectPath middle(const CimXmlOperation& operation, const char* parameter) {
    cim::ObjectPath path = operation.request.path(parameter);
    if (path.keys().empty()) {
        throw CimError(Status::not_supported,
                       "associations of classes are not served; name an instance");
    }
    return path;
}

bool is_opening(std::string_view name) {
    return name.starts_with("Open");
}

const char* object_parameter(const CimXmlOperation& operation) {
    return is_opening(operation.request.name) ? "InstanceName" : "ObjectName";
}

Finding find_associators(const CimXmlOperation& operation) {
    const CimXmlRequest& request = operation.request;
    const cim::AssociationFilter filter{request.class_name("AssocClass"),
                                        request.class_name("ResultClass"), request.text("Role"),
                                        request.text("ResultRole")};
    return {operation.objects.associators(operation.who,
                                          middle(operation, object_parameter(operation)), filter),
            style_of(operation)};
}

Finding find_references(const CimXmlOperation& operation) {
    const CimXmlRequest& request = operation.request;
    const cim::AssociationFilter filter{
        request.class_name("ResultClass"), {}, request.text("Role"), {}};
    return {operation.objects.references(operation.who,
                                         middle(operation, object_parameter(operation)), filter),
            style_of(operation)};
}

// The two operations name their parameters differently.
Finding find_by_query(const CimXmlOperation& operation) {
    const CimXmlRequest& request = operation.request;
    const bool opens = is_opening(request.name);
    const std::string language = request.text(opens ? "FilterQueryLanguage" : "QueryLanguage");
    if (!cim::same_name(language, "WQL")) {
        throw CimError(Status::query_language_not_supported,
                       fmt::format("there is no query language {}; use WQL", language));
    }
    if (request.flag("ReturnQueryResultClass", false)) {
        throw CimError(Status::not_supported, "the class of a result is not given");
    }
    return {operation.objects
                .query(operation.who, request.target_namespace(),
                       request.text(opens ? "FilterQuery" : "Query"))
                .found,
            style_of(operation)};
}

struct Listing {
    const char* name;
    Finding (*find)(const CimXmlOperation&);
    Render render;
    const char* pulled_by;  // empty: all is given at once
};

constexpr Listing listings[] = {
    {"EnumerateInstances", find_instances, named_instance, ""},
    {"EnumerateInstanceNames", find_instances, instance_name, ""},
    {"Associators", find_associators, object_with_path, ""},
    {"AssociatorNames", find_associators, object_path, ""},
    {"References", find_references, object_with_path, ""},
    {"ReferenceNames", find_references, object_path, ""},
    {"ExecQuery", find_by_query, object_with_path, ""},
    {"OpenQueryInstances", find_by_query, instance_alone, "PullInstances"},
    {"OpenEnumerateInstances", find_instances, instance_with_path, "PullInstancesWithPath"},
    {"OpenEnumerateInstancePaths", find_instances, instance_path, "PullInstancePaths"},
    {"OpenAssociatorInstances", find_associators, instance_with_path, "PullInstancesWithPath"},
    {"OpenAssociatorInstancePaths", find_associators, instance_path, "PullInstancePaths"},
    {"OpenReferenceInstances", find_references, instance_with_path, "PullInstancesWithPath"},
    {"OpenReferenceInstancePaths", find_references, instance_path, "PullInstancePaths"},
};

const Listing* listing_named(std::string_view name) {
    const auto found = std::find_if(std::begin(listings), std::end(listings),
                                    [&](const Listing& one) { return one.name == name; });
    return found == std::end(listings) ? nullptr : found;
}

Enumeration enumeration_of(const CimXmlOperation& operation, const Listing& listing) {
    const auto finding = std::make_shared<const Finding>(listing.find(operation));
    Enumeration result;
    result.size = finding->objects.size();
    result.item = [finding, render = listing.render](std::size_t index) {
        cim::XmlWriter out;
        render(out, finding->objects[index], finding->style);
        return out.take();
    };
    result.kind = listing.pulled_by;
    return result;
}

std::string returned(const std::string& items) {
    return "<IRETURNVALUE>" + items + "</IRETURNVALUE>";
}

std::string batch(const std::string& items, const std::string& context, bool at_end) {
    cim::XmlWriter out;
    out.open("PARAMVALUE").attribute("NAME", "EnumerationContext").attribute("PARAMTYPE", "string");
    if (!at_end) out.element("VALUE", context);
    out.close();
    cim::XmlWriter end;
    end.open("PARAMVALUE").attribute("NAME", "EndOfSequence").attribute("PARAMTYPE", "boolean");
    end.element("VALUE", at_end ? "TRUE" : "FALSE").close();
    return returned(items) + out.take() + end.take();
}

std::size_t object_count(const CimXmlRequest& request) {
    return std::min<std::size_t>(request.number("MaxObjectCount").value_or(0),
                                 limits::batch_items_max);
}

// What the client may ask of an open enumeration, and is not served as it asks. A time of 0 means
// for ever.
void check_can_open(const CimXmlOperation& operation) {
    const CimXmlRequest& request = operation.request;
    const bool filtered = request.has("FilterQuery") || request.has("FilterQueryLanguage");
    if (filtered && request.name != "OpenQueryInstances") {
        throw CimError(Status::filtered_enumeration_not_supported,
                       "enumerations are not filtered; use ExecQuery");
    }
    if (request.flag("ContinueOnError", false)) {
        throw CimError(Status::continuation_on_error_not_supported,
                       "an enumeration ends at its first error");
    }
    const auto time = request.number("OperationTimeout");
    if (time && (*time == 0 || std::chrono::seconds(*time) > operation.context_idle_time_max)) {
        throw CimError(
            Status::invalid_operation_timeout,
            fmt::format(
                "OperationTimeout must be 1 to {} seconds",
                std::chrono::floor<std::chrono::seconds>(operation.context_idle_time_max).count()));
    }
}

std::string open(const CimXmlOperation& operation, Enumeration enumeration) {
    const std::string items =
        take_items(enumeration, object_count(operation.request), operation.reply_bytes_max);
    const bool at_end = enumeration.at_end();
    std::string context;
    if (!at_end) context = operation.contexts.keep(operation.who.name(), std::move(enumeration));
    return batch(items, context, at_end);
}

std::string context_in(const CimXmlRequest& request) {
    return request.text("EnumerationContext");
}

}  // namespace

bool is_cim_listing(std::string_view name) {
    return listing_named(name) != nullptr;
}

std::string list_cim_objects(const CimXmlOperation& operation) {
    const Listing& listing = *listing_named(operation.request.name);
    const bool opens = is_opening(listing.name);
    if (opens) check_can_open(operation);
    Enumeration enumeration = enumeration_of(operation, listing);
    if (opens) return open(operation, std::move(enumeration));
    const std::string items = take_items(enumeration, enumeration.size, operation.reply_bytes_max);
    if (!enumeration.at_end()) {
        throw CimError(Status::server_limits_exceeded,
                       "there are too many to be given at once; open an enumeration and pull");
    }
    return returned(items);
}

std::string pull_cim_objects(const CimXmlOperation& operation) {
    const std::string context = context_in(operation.request);
    const std::size_t count = object_count(operation.request);
    const auto enumeration = operation.contexts.take(context, operation.who.name());
    if (enumeration->kind != operation.request.name) {
        operation.contexts.give_back(context);
        throw CimError(Status::invalid_enumeration_context,
                       fmt::format("this enumeration is pulled by {}", enumeration->kind));
    }
    std::string items;
    try {
        items = take_items(*enumeration, count, operation.reply_bytes_max);
    } catch (const Error&) {
        operation.contexts.let_go(context);
        throw;
    }
    const bool at_end = enumeration->at_end();
    if (at_end)
        operation.contexts.let_go(context);
    else
        operation.contexts.give_back(context);
    return batch(items, context, at_end);
}

std::string close_cim_enumeration(const CimXmlOperation& operation) {
    const std::string context = context_in(operation.request);
    operation.contexts.take(context, operation.who.name());
    operation.contexts.let_go(context);
    return {};
}

}  // namespace reviver::server
