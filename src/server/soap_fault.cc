#include "server/soap_fault.h"

#include "base/bytes.h"
#include "cim/ws_names.h"
#include "cim/ws_values.h"
#include "cim/xml_writer.h"
#include "server/limits.h"

namespace reviver::server {

namespace ws = cim::ws;
using cim::Status;

namespace {

constexpr const char* detail_uri = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/";

struct Mapping {
    Status status;
    FaultFamily family;
    const char* subcode;
    const char* detail;
};

constexpr Mapping mappings[] = {
    {Status::access_denied, FaultFamily::wsman, "AccessDenied", ""},
    {Status::invalid_namespace, FaultFamily::addressing, "DestinationUnreachable",
     "InvalidNamespace"},
    {Status::invalid_class, FaultFamily::addressing, "DestinationUnreachable",
     "InvalidResourceURI"},
    {Status::not_found, FaultFamily::addressing, "DestinationUnreachable", "ResourceNotFound"},
    {Status::invalid_parameter, FaultFamily::wsman, "InvalidParameter", "InvalidValues"},
    {Status::no_such_property, FaultFamily::wsman, "InvalidParameter", "InvalidName"},
    {Status::type_mismatch, FaultFamily::wsman, "InvalidParameter", "TypeMismatch"},
    {Status::not_supported, FaultFamily::wsman, "UnsupportedFeature", ""},
    {Status::already_exists, FaultFamily::wsman, "AlreadyExists", ""},
    {Status::method_not_found, FaultFamily::addressing, "ActionNotSupported", ""},
    {Status::method_not_available, FaultFamily::addressing, "ActionNotSupported", ""},
    {Status::invalid_query, FaultFamily::enumeration, "CannotProcessFilter", ""},
    {Status::query_language_not_supported, FaultFamily::enumeration,
     "FilterDialectRequestedUnavailable", ""},
};

const char* prefix_of(FaultFamily family) {
    switch (family) {
        case FaultFamily::soap:
            return "s";
        case FaultFamily::addressing:
            return "a";
        case FaultFamily::wsman:
            return "w";
        case FaultFamily::enumeration:
            return "n";
        case FaultFamily::binding:
            return "b";
    }
    return "w";
}

// [MS-WSMV] and wsmerror.h; clients test some of them.
constexpr std::uint32_t resource_not_found_number = 2150858752;
constexpr std::uint32_t action_not_supported_number = 2150858753;
constexpr std::uint32_t invalid_uri_number = 2150858754;
constexpr std::uint32_t provider_failure_number = 2150858755;
constexpr std::uint32_t timed_out_number = 2150858793;
constexpr std::uint32_t access_denied_number = 5;
constexpr std::uint32_t invalid_parameter_number = 2147749896;
constexpr std::uint32_t not_supported_number = 2147749900;

// Texts repeat what the client sent; a fault must not become as large as its request.
std::string shortened(std::string text) {
    if (text.size() <= limits::fault_text_bytes_max) return text;
    return std::string(beginning_of(text, limits::fault_text_bytes_max)) + "...";
}

}  // namespace

SoapFault::SoapFault(FaultFamily family, std::string subcode, std::string text, std::string detail)
    : Error(Code::invalid_parameter, shortened(std::move(text))),
      family_(family),
      subcode_(std::move(subcode)),
      detail_(std::move(detail)) {}

SoapFault SoapFault::of(const cim::CimError& error) {
    SoapFault fault(FaultFamily::wsman, "InternalError", error.what());
    for (const Mapping& mapping : mappings) {
        if (mapping.status != error.status()) continue;
        fault.family_ = mapping.family;
        fault.subcode_ = mapping.subcode;
        fault.detail_ = mapping.detail;
    }
    fault.status_ = error.status();
    fault.instance_ = error.detail();
    return fault;
}

SoapFault& SoapFault::with_status(Status status) {
    status_ = status;
    return *this;
}

SoapFault& SoapFault::with_not_understood(std::string name_space, std::string name) {
    not_understood_ = {std::move(name_space), std::move(name)};
    return *this;
}

std::string SoapFault::action() const {
    switch (family_) {
        case FaultFamily::addressing:
            return std::string(ws::addressing) + "/fault";
        case FaultFamily::enumeration:
            return std::string(ws::enumeration) + "/fault";
        case FaultFamily::binding:
            return "http://schemas.dmtf.org/wbem/wsman/1/cimbinding/fault";
        case FaultFamily::soap:
        case FaultFamily::wsman:
            break;
    }
    return "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault";
}

std::uint32_t SoapFault::number() const {
    if (detail_ == "ResourceNotFound") return resource_not_found_number;
    if (subcode_ == "ActionNotSupported") return action_not_supported_number;
    if (subcode_ == "DestinationUnreachable") return invalid_uri_number;
    if (subcode_ == "TimedOut") return timed_out_number;
    if (subcode_ == "AccessDenied") return access_denied_number;
    if (subcode_ == "UnsupportedFeature") return not_supported_number;
    return is_receivers() ? provider_failure_number : invalid_parameter_number;
}

bool SoapFault::is_receivers() const {
    return subcode_ == "InternalError" || subcode_ == "TimedOut" || subcode_ == "QuotaLimit" ||
           subcode_ == "InvalidEnumerationContext";
}

cim::Instance SoapFault::error_instance() const {
    if (instance_) return *instance_;
    cim::Instance error("CIM_Error");
    error.set("CIMStatusCode", static_cast<std::uint32_t>(status_));
    error.set("CIMStatusCodeDescription", cim::name_of(status_));
    error.set("Message", std::string(what()));
    error.set("MessageID", "Reviver:" + subcode_);
    error.set("OwningEntity", "Reviver");
    return error;
}

std::string SoapFault::body(std::string_view machine) const {
    cim::XmlWriter out;
    out.open("s:Fault").open("s:Code");
    if (family_ == FaultFamily::soap) {
        out.element("s:Value", "s:" + subcode_).close();
    } else {
        out.element("s:Value", is_receivers() ? "s:Receiver" : "s:Sender");
        out.open("s:Subcode");
        out.element("s:Value", std::string(prefix_of(family_)) + ":" + subcode_).close().close();
    }
    out.open("s:Reason").open("s:Text").attribute("xml:lang", "en-US").text(what()).close().close();
    out.open("s:Detail");
    if (!detail_.empty()) out.element("w:FaultDetail", detail_uri + detail_);
    out.open("f:WSManFault")
        .attribute("xmlns:f", ws::microsoft_fault)
        .attribute("Code", std::to_string(number()))
        .attribute("Machine", machine)
        .element("f:Message", what())
        .close();
    const cim::Instance error = error_instance();
    const std::string& name = error.class_name();
    out.open("p:" + name)
        .attribute("xmlns:p", ws::resource_uri(ws::UriForm::dmtf, {}, name))
        .attribute("xmlns:xsi", ws::schema_instance)
        .attribute("xmlns:cim", ws::common)
        .attribute("xsi:type", "p:" + name + "_Type")
        .attribute("b:IsCIM_Error", "true");
    ws::write_properties(out, error, {});
    out.close().close().close();
    return out.take();
}

SoapFault schema_violation(std::string text) {
    return {FaultFamily::wsman, "SchemaValidationError", std::move(text), "InvalidValues"};
}

SoapFault unsupported(std::string text, std::string detail) {
    SoapFault fault(FaultFamily::wsman, "UnsupportedFeature", std::move(text), std::move(detail));
    return fault.with_status(Status::not_supported);
}

SoapFault bad_header(std::string text) {
    return {FaultFamily::addressing, "InvalidMessageInformationHeader", std::move(text)};
}

}  // namespace reviver::server
