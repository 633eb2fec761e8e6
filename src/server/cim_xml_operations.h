// The operations of CIM-XML (DSP0200 5.3 and 5.4) on the object model. Each takes a request and
// gives what stands in the response; CimError, or SoapFault with a CIM status, when it cannot.
#pragma once

#include "cim/object_manager.h"
#include "server/cim_xml_message.h"
#include "server/enumeration_contexts.h"

#include <chrono>
#include <string>
#include <string_view>

namespace reviver::server {

// What an operation works with; lives as long as the operation.
struct CimXmlOperation {
    const cim::ObjectManager& objects;
    EnumerationContexts& contexts;
    cim::Principal who;
    CimXmlRequest request;
    std::string host;  // in full paths
    std::size_t reply_bytes_max;
    std::chrono::milliseconds context_idle_time_max;
};

using CimXmlHandler = std::string (*)(const CimXmlOperation& operation);

std::string get_cim_instance(const CimXmlOperation& operation);
std::string get_cim_property(const CimXmlOperation& operation);
std::string get_cim_class(const CimXmlOperation& operation);
std::string list_cim_classes(const CimXmlOperation& operation);
std::string list_cim_class_names(const CimXmlOperation& operation);
std::string invoke_cim_method(const CimXmlOperation& operation);

// The operations that give many instances or names, at once or opened for pulling; is it one?
bool is_cim_listing(std::string_view name);
std::string list_cim_objects(const CimXmlOperation& operation);
std::string pull_cim_objects(const CimXmlOperation& operation);
std::string close_cim_enumeration(const CimXmlOperation& operation);

}  // namespace reviver::server
