#include "cim/class_text.h"

#include "cim/value_text.h"
#include "cim/xml_writer.h"

namespace reviver::cim {

namespace {

// Numbers in qualifiers are all small; readers expect the type that the standard qualifiers
// declare.
std::string_view qualifier_type(const Value& value) {
    return is_signed(value.type()) || is_unsigned(value.type()) ? "uint32" : name_of(value.type());
}

void write_value(XmlWriter& out, const Value& value) {
    if (value.is_null()) return;
    if (!value.is_array()) {
        out.element("VALUE", scalar_text(value));
        return;
    }
    out.open("VALUE.ARRAY");
    for (const Value& element : value.elements()) {
        out.element("VALUE", element.is_null() ? std::string() : scalar_text(element));
    }
    out.close();
}

class ClassWriter {
  public:
    ClassWriter(const Class& declared, const ClassDetail& detail)
        : declared_(declared), detail_(detail) {}

    std::string write(const std::string& derivation) {
        out_.open("CLASS").attribute("NAME", declared_.name);
        if (!declared_.superclass.empty()) out_.attribute("SUPERCLASS", declared_.superclass);
        if (!derivation.empty()) out_.attribute("DERIVATION", derivation);
        write_qualifiers(declared_.qualifiers);
        for (const Property& property : declared_.properties) write_property(property);
        for (const Method& method : declared_.methods) write_method(method);
        return out_.close().take();
    }

  private:
    bool is_left_out(const std::string& origin) const {
        return !detail_.inherited && origin != declared_.name;
    }

    void write_origin(const std::string& origin) {
        if (detail_.class_origin) out_.attribute("CLASSORIGIN", origin);
        if (origin != declared_.name) out_.attribute("PROPAGATED", "true");
    }

    // A flag that is not set is left out: some readers look only whether it is there.
    void write_qualifiers(const Qualifiers& qualifiers) {
        out_.text("");  // some readers expect an end tag, even when nothing follows
        if (!detail_.qualifiers) return;
        for (const auto& [name, value] : qualifiers.all()) {
            if (value.is_null() || (value.type() == Type::boolean && !qualifiers.flag(name)))
                continue;
            out_.open("QUALIFIER").attribute("NAME", name);
            out_.attribute("TYPE", qualifier_type(value));
            write_value(out_, value);
            out_.close();
        }
    }

    void write_property(const Property& property) {
        if (is_left_out(property.origin)) return;
        if (detail_.wanted && !detail_.wanted(property.name)) return;
        const bool reference = property.type == Type::reference;
        out_.open(reference        ? "PROPERTY.REFERENCE"
                  : property.array ? "PROPERTY.ARRAY"
                                   : "PROPERTY");
        out_.attribute("NAME", property.name);
        if (reference)
            out_.attribute("REFERENCECLASS", property.ref_class);
        else
            out_.attribute("TYPE", name_of(property.type));
        write_origin(property.origin);
        write_qualifiers(property.qualifiers);
        write_value(out_, property.default_value);
        out_.close();
    }

    void write_method(const Method& method) {
        if (is_left_out(method.origin)) return;
        out_.open("METHOD").attribute("NAME", method.name).attribute("TYPE", name_of(method.type));
        write_origin(method.origin);
        write_qualifiers(method.qualifiers);
        for (const Parameter& parameter : method.parameters) write_parameter(parameter);
        out_.close();
    }

    void write_parameter(const Parameter& parameter) {
        const bool reference = parameter.type == Type::reference;
        if (reference)
            out_.open(parameter.array ? "PARAMETER.REFARRAY" : "PARAMETER.REFERENCE");
        else
            out_.open(parameter.array ? "PARAMETER.ARRAY" : "PARAMETER");
        out_.attribute("NAME", parameter.name);
        if (reference)
            out_.attribute("REFERENCECLASS", parameter.ref_class);
        else
            out_.attribute("TYPE", name_of(parameter.type));
        write_qualifiers(parameter.qualifiers);
        out_.close();
    }

    const Class& declared_;
    const ClassDetail& detail_;
    XmlWriter out_;
};

}  // namespace

std::string write_class(const Schema& schema, const Class& declared, const ClassDetail& detail) {
    std::string derivation;
    if (detail.derivation) {
        for (const Class* ancestor : schema.ancestors(declared)) {
            derivation += (derivation.empty() ? "" : ",") + ancestor->name;
        }
    }
    return ClassWriter(declared, detail).write(derivation);
}

}  // namespace reviver::cim
