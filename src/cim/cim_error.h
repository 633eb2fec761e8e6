// An error with a CIM status code (DSP0200 5.2.6.3), the way in which operations of the object
// model fail, whatever protocol the caller speaks.
#pragma once

#include "base/error.h"
#include "cim/instance.h"

#include <cstdint>
#include <optional>
#include <string>

namespace reviver::cim {

enum class Status : std::uint32_t {
    failed = 1,
    access_denied = 2,
    invalid_namespace = 3,
    invalid_parameter = 4,
    invalid_class = 5,
    not_found = 6,
    not_supported = 7,
    already_exists = 11,
    no_such_property = 12,
    type_mismatch = 13,
    query_language_not_supported = 14,
    invalid_query = 15,
    method_not_available = 16,
    method_not_found = 17,
    invalid_enumeration_context = 21,
    invalid_operation_timeout = 22,
    filtered_enumeration_not_supported = 25,
    continuation_on_error_not_supported = 26,
    server_limits_exceeded = 27,
};

std::string_view name_of(Status status);  // "CIM_ERR_NOT_FOUND"
Status status_of(Code code);

class CimError : public Error {
  public:
    CimError(Status status, std::string text, std::optional<Instance> detail = std::nullopt);

    Status status() const { return status_; }
    // An instance of a subclass of CIM_Error that says more; doors that can, pass it on.
    const std::optional<Instance>& detail() const { return detail_; }

  private:
    Status status_;
    std::optional<Instance> detail_;
};

}  // namespace reviver::cim
