#include "cim/cim_error.h"

namespace reviver::cim {

namespace {

Code code_of(Status status) {
    switch (status) {
        case Status::access_denied:
            return Code::access_denied;
        case Status::invalid_parameter:
        case Status::no_such_property:
        case Status::invalid_query:
        case Status::invalid_enumeration_context:
        case Status::invalid_operation_timeout:
            return Code::invalid_parameter;
        case Status::invalid_namespace:
        case Status::invalid_class:
        case Status::not_found:
        case Status::method_not_found:
            return Code::not_found;
        case Status::not_supported:
        case Status::method_not_available:
        case Status::query_language_not_supported:
        case Status::filtered_enumeration_not_supported:
        case Status::continuation_on_error_not_supported:
            return Code::not_supported;
        case Status::server_limits_exceeded:
            return Code::out_of_memory;
        case Status::already_exists:
            return Code::exists;
        case Status::type_mismatch:
            return Code::wrong_type;
        case Status::failed:
            break;
    }
    return Code::failed;
}

}  // namespace

std::string_view name_of(Status status) {
    switch (status) {
        case Status::failed:
            return "CIM_ERR_FAILED";
        case Status::access_denied:
            return "CIM_ERR_ACCESS_DENIED";
        case Status::invalid_namespace:
            return "CIM_ERR_INVALID_NAMESPACE";
        case Status::invalid_parameter:
            return "CIM_ERR_INVALID_PARAMETER";
        case Status::invalid_class:
            return "CIM_ERR_INVALID_CLASS";
        case Status::not_found:
            return "CIM_ERR_NOT_FOUND";
        case Status::not_supported:
            return "CIM_ERR_NOT_SUPPORTED";
        case Status::already_exists:
            return "CIM_ERR_ALREADY_EXISTS";
        case Status::no_such_property:
            return "CIM_ERR_NO_SUCH_PROPERTY";
        case Status::type_mismatch:
            return "CIM_ERR_TYPE_MISMATCH";
        case Status::query_language_not_supported:
            return "CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED";
        case Status::invalid_query:
            return "CIM_ERR_INVALID_QUERY";
        case Status::method_not_available:
            return "CIM_ERR_METHOD_NOT_AVAILABLE";
        case Status::method_not_found:
            return "CIM_ERR_METHOD_NOT_FOUND";
        case Status::invalid_enumeration_context:
            return "CIM_ERR_INVALID_ENUMERATION_CONTEXT";
        case Status::invalid_operation_timeout:
            return "CIM_ERR_INVALID_OPERATION_TIMEOUT";
        case Status::filtered_enumeration_not_supported:
            return "CIM_ERR_FILTERED_ENUMERATION_NOT_SUPPORTED";
        case Status::continuation_on_error_not_supported:
            return "CIM_ERR_CONTINUATION_ON_ERROR_NOT_SUPPORTED";
        case Status::server_limits_exceeded:
            return "CIM_ERR_SERVER_LIMITS_EXCEEDED";
    }
    return "CIM_ERR_FAILED";
}

Status status_of(Code code) {
    switch (code) {
        case Code::access_denied:
            return Status::access_denied;
        case Code::not_supported:
            return Status::not_supported;
        case Code::invalid_parameter:
            return Status::invalid_parameter;
        case Code::wrong_type:
            return Status::type_mismatch;
        case Code::not_found:
            return Status::not_found;
        case Code::exists:
            return Status::already_exists;
        default:
            return Status::failed;
    }
}

CimError::CimError(Status status, std::string text, std::optional<Instance> detail)
    : Error(code_of(status), std::move(text)), status_(status), detail_(std::move(detail)) {}

}  // namespace reviver::cim
