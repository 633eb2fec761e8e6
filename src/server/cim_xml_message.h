// Messages of CIM-XML: what a request asks for, and how its answer is wrapped. DSP0201 5.1, DSP0200
// 6 and 7. What an operation gives, or its error, is HTTP 200; only a message that is none is
// refused by HTTP, with the field CIMError.
#pragma once

#include "cim/cim_error.h"
#include "cim/names.h"
#include "cim/object_path.h"
#include "cim/xml.h"
#include "server/http_message.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace reviver::server {

// A message that is refused as a whole; the text is the value of the field CIMError.
class CimXmlRefusal : public Error {
  public:
    CimXmlRefusal(unsigned status, const char* cim_error)
        : Error(Code::protocol, cim_error), status_(status) {}
    unsigned status() const { return status_; }

  private:
    unsigned status_;
};

struct CimXmlRequest {
    std::string message_id;
    std::string name;            // of the operation or method, as sent
    bool is_method = false;      // of a class, not an operation of the protocol
    std::string name_space;      // of an operation; that of a method is in its object
    cim::ObjectPath object{""};  // of a method
    std::map<std::string, cim::XmlElement, cim::NameLess> parameters;

    const std::string& target_namespace() const;  // CimError invalid_namespace: it names none
    // Parameters of operations. What was not sent, or is NULL, is the default. Errors: CimError
    // invalid_parameter.
    bool has(std::string_view parameter) const;
    std::string text(std::string_view parameter) const;  // empty: not sent
    bool flag(std::string_view parameter, bool otherwise) const;
    std::optional<std::uint32_t> number(std::string_view parameter) const;
    // A class or instance of this request's namespace; the parameter must be there.
    cim::ObjectPath path(std::string_view parameter) const;
    std::string class_name(std::string_view parameter) const;  // empty: not sent
    // Which properties are wanted; empty when all are.
    std::function<bool(const std::string&)> property_list() const;

  private:
    cim::Value value(std::string_view parameter) const;
};

// CimXmlRefusal for what is no request.
CimXmlRequest read_cim_xml(std::string_view body);

// `content` is what stands in IMETHODRESPONSE or METHODRESPONSE.
HttpReply cim_xml_reply(const CimXmlRequest& request, std::string_view content);
HttpReply cim_xml_error(const CimXmlRequest& request, const cim::CimError& error);
HttpReply cim_xml_refusal(const CimXmlRefusal& refusal);

}  // namespace reviver::server
