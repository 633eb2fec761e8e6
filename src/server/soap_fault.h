// The faults of WS-Management: DSP0226 14, DSP0227 12, with the texts and numbers that clients
// read.
#pragma once

#include "base/error.h"
#include "cim/cim_error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reviver::server {

// Which specification a subcode belongs to.
enum class FaultFamily : std::uint8_t { soap, addressing, wsman, enumeration, binding };

class SoapFault : public Error {
  public:
    SoapFault(FaultFamily family, std::string subcode, std::string text, std::string detail = {});
    // What an error of the object model looks like to the client.
    static SoapFault of(const cim::CimError& error);

    FaultFamily family() const { return family_; }
    const std::string& subcode() const { return subcode_; }
    const std::string& detail() const { return detail_; }  // last part of FaultDetail; empty: none
    cim::Status status() const { return status_; }
    const std::optional<cim::Instance>& instance() const { return instance_; }
    // A header that was not understood: its namespace and name.
    const std::pair<std::string, std::string>& not_understood() const { return not_understood_; }

    SoapFault& with_status(cim::Status status);
    SoapFault& with_not_understood(std::string name_space, std::string name);

    std::string action() const;
    // The Body of the reply. Prefixes s, a, w, n, b are bound outside.
    std::string body(std::string_view machine) const;

  private:
    std::uint32_t number() const;
    bool is_receivers() const;
    cim::Instance error_instance() const;

    FaultFamily family_;
    std::string subcode_;
    std::string detail_;
    cim::Status status_ = cim::Status::failed;
    std::optional<cim::Instance> instance_;
    std::pair<std::string, std::string> not_understood_;
};

// The ones that several places need.
SoapFault schema_violation(std::string text);  // the body is not as it must be
SoapFault unsupported(std::string text, std::string detail);
SoapFault bad_header(std::string text);  // a header has a value that it cannot have

}  // namespace reviver::server
