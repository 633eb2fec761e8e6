// Object paths as endpoint references: a resource URI names the class, selectors name the namespace
// and the keys. DSP0227 7 and 8; two spellings of the URI:
//   http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CLASS                with the selector
//   __cimnamespace http://schemas.microsoft.com/wbem/wsman/1/wmi/NAMESPACE/CLASS          the
//   selector may repeat the namespace
// A reply uses the spelling of its request.
#pragma once

#include "cim/object_path.h"
#include "cim/xml.h"
#include "cim/xml_writer.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace reviver::cim::ws {

enum class UriForm : std::uint8_t { dmtf, wmi };

struct ResourceUri {
    UriForm form = UriForm::dmtf;
    std::string name_space;  // of a WMI URI; else empty
    std::string class_name;  // "*": all classes
};

// Error(invalid_parameter) for URIs that name no class.
ResourceUri parse_resource_uri(std::string_view uri);
std::string resource_uri(UriForm form, std::string_view name_space, std::string_view class_name);

struct Selectors {
    ObjectPath::Keys keys;  // as text or, for keys that are references, as path
    std::string name_space;
};

// Error(invalid_parameter) for a selector without a name, Error(exists) for one that comes twice.
Selectors read_selectors(const XmlElement* selector_set, std::size_t depth = 0);
// An element whose children are Address and ReferenceParameters, or that wraps an
// EndpointReference. What it leaves open is taken from `default_namespace`. Keys are text.
// Error(invalid_parameter).
ObjectPath read_reference(const XmlElement& element, std::string_view default_namespace,
                          std::size_t depth = 0);
bool looks_like_reference(const XmlElement& element);

// The children of an endpoint reference: Address, ReferenceParameters; key selectors first,
// __cimnamespace last, since some clients take the first selector for the key. Prefixes a
// (addressing) and w (wsman) are bound outside.
void write_reference(XmlWriter& out, const ObjectPath& path, UriForm form);
void write_selectors(XmlWriter& out, const ObjectPath& path, UriForm form);

}  // namespace reviver::cim::ws
