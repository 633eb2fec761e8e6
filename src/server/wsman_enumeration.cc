// Enumerate, Pull, Release.
#include "cim/wql_match.h"
#include "cim/ws_names.h"
#include "cim/xml_writer.h"
#include "server/wsman_operations.h"

#include <charconv>
#include <set>

namespace reviver::server {

namespace ws = cim::ws;
using cim::XmlElement;

namespace {

constexpr const char* association_dialect =
    "http://schemas.dmtf.org/wbem/wsman/1/cimbinding/associationFilter";

constexpr const char* wql_dialect = "http://schemas.microsoft.com/wbem/wsman/1/WQL";
constexpr const char* selector_dialect =
    "http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter";

enum class EnumerationMode : std::uint8_t { objects, references, objects_and_references };

SoapFault bad_filter(std::string text) {
    SoapFault fault(FaultFamily::enumeration, "CannotProcessFilter", std::move(text));
    return fault.with_status(cim::Status::invalid_query);
}

std::string text_at(const XmlElement& parent, const char* name_space, const char* name) {
    const XmlElement* found = parent.child(name_space, name);
    return found ? std::string(cim::trim(found->text)) : std::string();
}

const XmlElement& body_element(const WsmanRequest& request, const char* name) {
    const XmlElement* found = request.body.child(ws::enumeration, name);
    if (!found || request.body.children.size() != 1) {
        throw schema_violation(std::string("The body must hold one ") + name + ".");
    }
    return *found;
}

// Absent is 1 (DSP0226 R8.2.3-2).
std::size_t max_elements(const XmlElement& element, const char* name_space) {
    const std::string text = text_at(element, name_space, "MaxElements");
    if (text.empty()) return 1;
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number == 0) {
        throw schema_violation("MaxElements is no number above 0.");
    }
    return static_cast<std::size_t>(std::min<std::uint64_t>(number, limits::batch_items_max));
}

EnumerationMode mode_in(const XmlElement& enumerate) {
    const std::string text = text_at(enumerate, ws::wsman, "EnumerationMode");
    if (text.empty()) return EnumerationMode::objects;
    if (text == "EnumerateEPR") return EnumerationMode::references;
    if (text == "EnumerateObjectAndEPR") return EnumerationMode::objects_and_references;
    throw unsupported("There is no such enumeration mode.", "EnumerationMode");
}

cim::Polymorphism polymorphism_in(const XmlElement& enumerate) {
    const std::string text = text_at(enumerate, ws::binding, "PolymorphismMode");
    if (text.empty() || text == "IncludeSubClassProperties") {
        return cim::Polymorphism::include_subclass_properties;
    }
    if (text == "ExcludeSubClassProperties") return cim::Polymorphism::exclude_subclass_properties;
    if (text == "None") return cim::Polymorphism::none;
    throw SoapFault(FaultFamily::binding, "PolymorphismModeNotSupported",
                    "There is no such polymorphism mode.");
}

const XmlElement* filter_in(const XmlElement& enumerate) {
    const XmlElement* filter = enumerate.child(ws::wsman, "Filter");
    const XmlElement* other = enumerate.child(ws::enumeration, "Filter");
    if (filter && other) throw bad_filter("There are two filters.");
    return filter ? filter : other;
}

// Keeps the properties that the filter names, when it names any.
void keep_named(const XmlElement& filter, std::vector<cim::Found>& found) {
    std::set<std::string, cim::NameLess> names;
    for (const XmlElement& child : filter.children) {
        if (!child.is(ws::binding, "IncludeResultProperty")) continue;
        names.emplace(cim::trim(child.text));
    }
    if (names.empty()) return;
    for (cim::Found& one : found) {
        cim::Instance kept(one.instance.class_name());
        for (const auto& [name, value] : one.instance.properties()) {
            if (names.contains(name)) kept.set(name, value);
        }
        one.instance = std::move(kept);
    }
}

std::vector<cim::Found> associated(const WsmanOperation& operation, const WsmanTarget& target,
                                   const XmlElement& filter) {
    const XmlElement* objects = filter.child(ws::binding, "AssociatedInstances");
    const XmlElement* links = filter.child(ws::binding, "AssociationInstances");
    const XmlElement* wanted = objects ? objects : links;
    const XmlElement* object = wanted ? wanted->child(ws::binding, "Object") : nullptr;
    if (!object) throw bad_filter("The association filter names no object.");
    cim::AssociationFilter which;
    which.role = text_at(*wanted, ws::binding, "Role");
    which.result_class = text_at(*wanted, ws::binding, "ResultClassName");
    cim::ObjectPath path("");
    try {
        path = ws::read_reference(*object, target.schema->name_space());
    } catch (const Error& error) {
        throw bad_filter(error.what());
    }
    std::vector<cim::Found> found;
    if (objects) {
        which.association_class = text_at(*wanted, ws::binding, "AssociationClassName");
        which.result_role = text_at(*wanted, ws::binding, "ResultRole");
        found = operation.objects.associators(operation.who, path, which);
    } else {
        // For the associations themselves the class of the result is that of the association.
        which.association_class = std::exchange(which.result_class, {});
        found = operation.objects.references(operation.who, path, which);
    }
    keep_named(*wanted, found);
    return found;
}

std::vector<cim::Found> queried(const WsmanOperation& operation, const WsmanTarget& target,
                                const XmlElement& filter) {
    if (!filter.children.empty()) throw bad_filter("A query is text.");
    cim::QueryResult result =
        operation.objects.query(operation.who, target.schema->name_space(), cim::trim(filter.text));
    if (target.of && !result.from.empty() &&
        !target.schema->derives(result.from, target.of->name)) {
        throw bad_filter(fmt::format("The query is for {}, the resource URI for {}.", result.from,
                                     target.of->name));
    }
    return std::move(result.found);
}

// The condition that every property has the value that its selector says.
cim::wql::Condition condition_of(const WsmanTarget& target, const XmlElement& filter) {
    cim::wql::Condition result;
    result.kind = cim::wql::Condition::Kind::all;
    ws::Selectors selectors;
    try {
        selectors = ws::read_selectors(filter.child(ws::wsman, "SelectorSet"));
    } catch (const Error& error) {
        throw bad_filter(error.what());
    }
    for (const auto& [name, value] : selectors.keys) {
        const cim::Property* property = target.of->find_property(name);
        if (property &&
            (property->type == cim::Type::datetime || property->type == cim::Type::reference)) {
            throw bad_filter(fmt::format("Selectors do not compare {}.", property->name));
        }
        cim::wql::Condition part;
        part.property = name;
        part.constant = value;
        result.parts.push_back(std::move(part));
    }
    return cim::wql::checked(*target.schema, *target.of, std::move(result));
}

std::vector<cim::Found> selected(const WsmanOperation& operation, const WsmanTarget& target,
                                 const XmlElement& filter, cim::Polymorphism mode) {
    if (!target.of) throw bad_filter("A filter of selectors needs the resource URI of one class.");
    const cim::wql::Condition condition = condition_of(target, filter);
    std::vector<cim::Found> found = operation.objects.enumerate(
        operation.who, target.schema->name_space(), target.of->name, mode);
    std::erase_if(found, [&](const cim::Found& one) {
        return cim::wql::holds(condition, *target.schema, one.instance, one.path) != true;
    });
    return found;
}

std::vector<cim::Found> found_by(const WsmanOperation& operation, const WsmanTarget& target,
                                 const XmlElement& enumerate) {
    const cim::Polymorphism mode = polymorphism_in(enumerate);
    if (const XmlElement* filter = filter_in(enumerate)) {
        const std::string* sent = filter->attribute("Dialect");
        const std::string_view dialect = sent ? cim::trim(*sent) : std::string_view();
        if (cim::same_name(dialect, association_dialect)) {
            return associated(operation, target, *filter);
        }
        if (cim::same_name(dialect, wql_dialect)) return queried(operation, target, *filter);
        if (cim::same_name(dialect, selector_dialect)) {
            return selected(operation, target, *filter, mode);
        }
        SoapFault fault(FaultFamily::enumeration, "FilterDialectRequestedUnavailable",
                        "This filter dialect is not served.");
        throw fault.with_status(cim::Status::query_language_not_supported);
    }
    check_names_one_object(target);
    return operation.objects.enumerate(operation.who, target.schema->name_space(), target.of->name,
                                       mode);
}

std::string render(const cim::Found& item, EnumerationMode mode, const ws::ValueStyle& style) {
    cim::XmlWriter out;
    const bool both = mode == EnumerationMode::objects_and_references;
    if (both) out.open("w:Item");
    if (mode != EnumerationMode::references) ws::write_instance(out, item.instance, style);
    if (mode != EnumerationMode::objects) {
        out.open("a:EndpointReference");
        ws::write_reference(out, item.path, style.form);
        out.close();
    }
    if (both) out.close();
    return out.take();
}

Enumeration enumerate_instances(const WsmanOperation& operation, const XmlElement& asked) {
    const WsmanTarget target = find_target(operation.objects, operation.request);
    const EnumerationMode mode = mode_in(asked);
    const ws::ValueStyle style = target.style(operation.request, operation.http);
    const auto items =
        std::make_shared<const std::vector<cim::Found>>(found_by(operation, target, asked));
    return {items->size(), 0, [items, mode, style](std::size_t index) {
                return render((*items)[index], mode, style);
            }};
}

// The elements around the items, with the name of a context among them.
constexpr std::size_t bytes_around_items = 400;

std::size_t items_bytes_max(const WsmanOperation& operation, std::string_view action) {
    const std::size_t most = body_bytes_max(operation.terms, action);
    return most > bytes_around_items ? most - bytes_around_items : 0;
}

std::string context_in(const XmlElement& element) {
    return text_at(element, ws::enumeration, "EnumerationContext");
}

}  // namespace

WsmanAnswer enumerate(const WsmanOperation& operation) {
    const std::string action = std::string(ws::enumeration) + "/EnumerateResponse";
    const XmlElement& asked = body_element(operation.request, "Enumerate");
    Enumeration found = is_about_classes(operation.request) ? enumerate_classes(operation)
                                                            : enumerate_instances(operation, asked);
    const bool at_once = asked.child(ws::wsman, "OptimizeEnumeration") != nullptr;
    const std::size_t count = at_once ? max_elements(asked, ws::wsman) : 0;

    const std::string items = take_items(found, count, items_bytes_max(operation, action));
    const bool all = at_once && found.at_end();
    cim::XmlWriter out;
    out.open("n:EnumerateResponse");
    out.element("n:EnumerationContext",
                all ? std::string() : operation.contexts.keep(operation.who.name(), found));
    if (at_once) out.open("w:Items").markup(items).close();
    if (all) out.open("w:EndOfSequence").close();
    return {action, out.close().take()};
}

WsmanAnswer pull(const WsmanOperation& operation) {
    const std::string action = std::string(ws::enumeration) + "/PullResponse";
    const XmlElement& asked = body_element(operation.request, "Pull");
    const std::string context = context_in(asked);
    const std::size_t count = max_elements(asked, ws::enumeration);
    const auto enumeration = operation.contexts.take(context, operation.who.name());
    std::string items;
    try {
        items = take_items(*enumeration, count, items_bytes_max(operation, action));
    } catch (const std::exception&) {
        operation.contexts.let_go(context);
        throw;
    }
    const bool all = enumeration->at_end();
    if (all)
        operation.contexts.let_go(context);
    else
        operation.contexts.give_back(context);
    cim::XmlWriter out;
    out.open("n:PullResponse");
    if (!all) out.element("n:EnumerationContext", context);
    out.open("n:Items").markup(items).close();
    if (all) out.open("n:EndOfSequence").close();
    return {action, out.close().take()};
}

WsmanAnswer release(const WsmanOperation& operation) {
    const std::string context = context_in(body_element(operation.request, "Release"));
    operation.contexts.take(context, operation.who.name());
    operation.contexts.let_go(context);
    return {std::string(ws::enumeration) + "/ReleaseResponse", {}};
}

}  // namespace reviver::server
