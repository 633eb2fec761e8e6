#include "cli/json_view.h"

#include "cim/builtin_schema.h"
#include "cim/instance_check.h"
#include "cim/object_path.h"
#include "cim/value_text.h"

namespace reviver::cli {
namespace {

namespace json = boost::json;

const cim::Schema& schema() {
    static const std::shared_ptr<const cim::Schema> loaded = cim::load_hyperv_cluster_schema();
    return *loaded;
}

json::value json_of(const cim::Value& value) {
    if (value.is_null()) return nullptr;
    if (value.is_array()) {
        json::array all;
        for (const cim::Value& element : value.elements()) all.push_back(json_of(element));
        return all;
    }
    cim::Type type = value.type();
    if (type == cim::Type::boolean) return value.as_bool();
    if (cim::is_unsigned(type)) return value.as_unsigned();
    if (cim::is_signed(type)) return value.as_signed();
    if (cim::is_real(type)) return value.as_real();
    if (type == cim::Type::datetime && !value.as_datetime().is_interval()) {
        return json::value(value.as_datetime().iso_text());
    }
    if (type == cim::Type::instance) return cli::json_of(value.as_instance());
    return json::value(cim::scalar_text(value));
}

cim::Value typed(const cim::Class* declared, const cim::NamedValue& property) {
    const cim::Property* known = declared ? declared->find_property(property.name) : nullptr;
    return known ? cim::convert(schema(), *known, property.value) : property.value;
}

}  // namespace

json::object json_of(const cim::Instance& instance) {
    const cim::Class* declared = schema().find(instance.class_name());
    json::object all;
    for (const cim::NamedValue& property : instance.properties()) {
        all[property.name] = json_of(typed(declared, property));
    }
    return all;
}

json::array json_of_texts(const std::vector<std::string>& texts) {
    json::array all;
    for (const std::string& text : texts) all.emplace_back(text);
    return all;
}

void print_json(const Console& console, const json::value& value) {
    console.print(json::serialize(value));
}

}  // namespace reviver::cli
