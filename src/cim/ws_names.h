// The namespaces, actions and resource URIs of WS-Management (DSP0226, DSP0227, DSP0230) and what
// WMI added ([MS-WSMV]).
#pragma once

namespace reviver::cim::ws {

inline constexpr const char* soap = "http://www.w3.org/2003/05/soap-envelope";
inline constexpr const char* addressing = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
inline constexpr const char* anonymous =
    "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous";
inline constexpr const char* wsman = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd";
inline constexpr const char* enumeration = "http://schemas.xmlsoap.org/ws/2004/09/enumeration";
inline constexpr const char* transfer = "http://schemas.xmlsoap.org/ws/2004/09/transfer";
inline constexpr const char* binding = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd";
inline constexpr const char* identity =
    "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd";
// A misprint of the specification that one client copied.
inline constexpr const char* identity_misprinted =
    "http://schemas.dmtf.org/wbem/wsman/identify/1/wsmanidentity.xsd";
inline constexpr const char* microsoft = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd";
inline constexpr const char* microsoft_fault =
    "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault";
inline constexpr const char* common = "http://schemas.dmtf.org/wbem/wscim/1/common";
inline constexpr const char* schema_instance = "http://www.w3.org/2001/XMLSchema-instance";

inline constexpr const char* class_uri = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/";
inline constexpr const char* old_class_uri =
    "http://schemas.microsoft.com/wbem/wscim/1/cim-schema/2/";
inline constexpr const char* wmi_uri = "http://schemas.microsoft.com/wbem/wsman/1/wmi/";
inline constexpr const char* class_metadata_uri =
    "http://schemas.dmtf.org/wbem/cim-xml/2/cim-schema/2/";
inline constexpr const char* all_classes_uri = "http://schemas.dmtf.org/wbem/wscim/1/*";

inline constexpr const char* action_get = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get";
inline constexpr const char* action_enumerate =
    "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate";
inline constexpr const char* action_pull = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Pull";
inline constexpr const char* action_release =
    "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Release";

inline constexpr const char* namespace_selector = "__cimnamespace";

}  // namespace reviver::cim::ws
