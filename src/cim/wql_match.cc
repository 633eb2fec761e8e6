#include "cim/wql_match.h"

#include "base/error.h"
#include "cim/cim_error.h"
#include "cim/instance_check.h"
#include "cim/names.h"
#include "cim/value_text.h"
#include "cim/wql_lexer.h"

#include <fmt/format.h>

#include <compare>

namespace reviver::cim::wql {

namespace {

constexpr std::string_view system_properties[] = {"__CLASS",     "__PATH",       "__RELPATH",
                                                  "__NAMESPACE", "__SUPERCLASS", "__THIS"};

Value system_property(std::string_view name, const Schema& schema, const Instance& instance,
                      const ObjectPath& path) {
    if (same_name(name, "__CLASS")) return instance.class_name();
    if (same_name(name, "__NAMESPACE")) return schema.name_space();
    if (same_name(name, "__PATH")) return path.text();
    if (same_name(name, "__SUPERCLASS")) {
        const Class* its_class = schema.find(instance.class_name());
        return its_class && !its_class->superclass.empty() ? Value(its_class->superclass) : Value();
    }
    if (same_name(name, "__RELPATH")) {
        ObjectPath relative = path;
        relative.set_name_space("");
        return relative.text();
    }
    return instance;
}

const Property& property_of(const Class& of, const std::string& name) {
    const Property* property = of.find_property(name);
    if (!property) fail_query(fmt::format("{} has no property {}", of.name, name));
    if (property->array) fail_query(fmt::format("{} is an array", property->name));
    return *property;
}

bool is_order(Relation relation) {
    return relation == Relation::less || relation == Relation::less_or_equal ||
           relation == Relation::greater || relation == Relation::greater_or_equal;
}

// A comparison with NULL asks whether there is a value.
Condition null_comparison(Condition condition) {
    if (condition.relation == Relation::null) return condition;
    const bool negated = condition.relation == Relation::unequal;
    if (!negated && condition.relation != Relation::equal) {
        fail_query("NULL is neither more nor less than a value");
    }
    condition.relation = Relation::null;
    if (!negated) return condition;
    Condition result;
    result.kind = Condition::Kind::negation;
    result.parts.push_back(std::move(condition));
    return result;
}

Condition checked_comparison(const Schema& schema, const Class& of, Condition condition) {
    const bool system = is_system_property(condition.property);
    const Property* property = system ? nullptr : &property_of(of, condition.property);
    if (condition.relation == Relation::isa) {
        if (!schema.find(condition.constant.as_string())) {
            fail_query(fmt::format("there is no class {}", condition.constant.as_string()));
        }
        return condition;
    }
    if (condition.relation == Relation::null || condition.constant.is_null()) {
        return null_comparison(std::move(condition));
    }
    if (same_name(condition.property, "__THIS")) fail_query("__THIS is for ISA alone");
    if (condition.relation == Relation::like) {
        is_like("", condition.constant.as_string());
        return condition;
    }
    if (system || !property) return condition;
    if (!property->embedded_class().empty()) {
        fail_query(fmt::format("{} holds instances", property->name));
    }
    const bool unordered = property->type == Type::boolean || property->type == Type::reference;
    if (unordered && is_order(condition.relation)) {
        fail_query(fmt::format("{} has no order", property->name));
    }
    try {
        condition.constant = convert(schema, *property, condition.constant);
    } catch (const Error& error) {
        fail_query(error.what());
    }
    return condition;
}

std::partial_ordering order(const Value& a, const Value& b) {
    const Type type = a.type();
    if (is_unsigned(type) || type == Type::char16) return a.as_unsigned() <=> b.as_unsigned();
    if (is_signed(type)) return a.as_signed() <=> b.as_signed();
    if (is_real(type)) return a.as_real() <=> b.as_real();
    if (type == Type::boolean) return a.as_bool() <=> b.as_bool();
    if (type == Type::datetime) {
        if (a.as_datetime().is_interval() != b.as_datetime().is_interval())
            return std::partial_ordering::unordered;
        return a.as_datetime().microseconds() <=> b.as_datetime().microseconds();
    }
    if (type == Type::reference) {
        const bool same = a.as_reference().same_object(b.as_reference());
        return same ? std::partial_ordering::equivalent : std::partial_ordering::unordered;
    }
    return lower(a.as_string()) <=> lower(b.as_string());
}

bool is_of_class(const Schema& schema, const Value& value, const std::string& wanted) {
    if (value.type() == Type::instance) {
        return schema.derives(value.as_instance().class_name(), wanted);
    }
    if (value.type() == Type::reference) {
        return schema.derives(value.as_reference().class_name(), wanted);
    }
    return value.type() == Type::string && schema.derives(value.as_string(), wanted);
}

bool compare(Relation relation, const Value& value, const Value& constant) {
    const std::partial_ordering found = order(value, constant);
    switch (relation) {
        case Relation::equal:
            return found == 0;
        case Relation::unequal:
            return found != 0;
        case Relation::less:
            return found < 0;
        case Relation::less_or_equal:
            return found <= 0;
        case Relation::greater:
            return found > 0;
        case Relation::greater_or_equal:
            return found >= 0;
        default:
            return false;
    }
}

std::optional<bool> comparison_holds(const Condition& condition, const Schema& schema,
                                     const Instance& instance, const ObjectPath& path) {
    const Value value = is_system_property(condition.property)
                            ? system_property(condition.property, schema, instance, path)
                            : instance.get(condition.property);
    if (condition.relation == Relation::null) return value.is_null();
    if (value.is_null()) return std::nullopt;
    if (condition.relation == Relation::isa) {
        return is_of_class(schema, value, condition.constant.as_string());
    }
    if (condition.relation == Relation::like) {
        return value.type() != Type::instance &&
               is_like(scalar_text(value), condition.constant.as_string());
    }
    if (value.type() != condition.constant.type()) return std::nullopt;
    return compare(condition.relation, value, condition.constant);
}

}  // namespace

bool is_system_property(std::string_view name) {
    for (const std::string_view one : system_properties) {
        if (same_name(one, name)) return true;
    }
    return false;
}

Condition checked(const Schema& schema, const Class& of, Condition condition) {
    if (condition.kind == Condition::Kind::comparison) {
        return checked_comparison(schema, of, std::move(condition));
    }
    for (Condition& part : condition.parts) part = checked(schema, of, std::move(part));
    return condition;
}

std::optional<bool> holds(const Condition& condition, const Schema& schema,
                          const Instance& instance, const ObjectPath& path) {
    if (condition.kind == Condition::Kind::comparison) {
        return comparison_holds(condition, schema, instance, path);
    }
    if (condition.kind == Condition::Kind::negation) {
        const auto inner = holds(condition.parts[0], schema, instance, path);
        return inner ? std::optional(!*inner) : std::nullopt;
    }
    // One part that is false decides AND, one that is true decides OR; then unknown ones count.
    const bool deciding = condition.kind == Condition::Kind::any;
    bool unknown = false;
    for (const Condition& part : condition.parts) {
        const auto one = holds(part, schema, instance, path);
        if (one == deciding) return deciding;
        unknown = unknown || !one;
    }
    return unknown ? std::nullopt : std::optional(!deciding);
}

}  // namespace reviver::cim::wql
