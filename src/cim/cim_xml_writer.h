// The elements of CIM-XML (DSP0201) that stand for names, values and instances, written.
#pragma once

#include "cim/class.h"
#include "cim/instance.h"
#include "cim/names.h"
#include "cim/object_path.h"
#include "cim/xml_writer.h"

#include <functional>
#include <set>
#include <string>

namespace reviver::cim::cim_xml {

struct InstanceDetail {
    const Class* declared =
        nullptr;  // null properties are written too, with the types of this class
    bool class_origin = false;
    std::function<bool(const std::string& property)> wanted;  // empty: all are
};

// PROPERTY, PROPERTY.ARRAY or PROPERTY.REFERENCE for each property, within INSTANCE.
void write_instance(XmlWriter& out, const Instance& instance, const InstanceDetail& detail);

void write_instance_name(XmlWriter& out, const ObjectPath& path);                  // INSTANCENAME
void write_path(XmlWriter& out, const ObjectPath& path, const std::string& host);  // INSTANCEPATH
// VALUE.REFERENCE, with the namespace when the path has one.
void write_reference(XmlWriter& out, const ObjectPath& path);
// VALUE, VALUE.ARRAY, VALUE.REFERENCE or VALUE.REFARRAY; nothing for null.
void write_value(XmlWriter& out, const Value& value);

}  // namespace reviver::cim::cim_xml
