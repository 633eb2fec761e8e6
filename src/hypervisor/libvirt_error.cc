#include "hypervisor/libvirt_error.h"

#include "base/error.h"

#include <libvirt/virterror.h>

#include <string>

namespace reviver::hypervisor {

namespace {

Code code_of(int libvirt_code) {
    switch (libvirt_code) {
        case VIR_ERR_NO_DOMAIN:
            return Code::not_found;
        case VIR_ERR_DOM_EXIST:
            return Code::exists;
        case VIR_ERR_OPERATION_INVALID:
            return Code::invalid_state;
        case VIR_ERR_OPERATION_TIMEOUT:
        case VIR_ERR_AGENT_UNRESPONSIVE:
            return Code::timeout;
        case VIR_ERR_NO_NAME:
        case VIR_ERR_NO_OS:
        case VIR_ERR_OS_TYPE:
        case VIR_ERR_XML_ERROR:
        case VIR_ERR_XML_DETAIL:
        case VIR_ERR_XML_INVALID_SCHEMA:
        case VIR_ERR_CONFIG_UNSUPPORTED:
        case VIR_ERR_INVALID_ARG:
            return Code::invalid_parameter;
        case VIR_ERR_NO_CONNECT:
        case VIR_ERR_INVALID_CONN:
        case VIR_ERR_RPC:
            return Code::unavailable;
        case VIR_ERR_AUTH_FAILED:
        case VIR_ERR_AUTH_CANCELLED:
        case VIR_ERR_ACCESS_DENIED:
        case VIR_ERR_OPERATION_DENIED:
            return Code::access_denied;
        case VIR_ERR_RESOURCE_BUSY:
            return Code::in_use;
        case VIR_ERR_NO_MEMORY:
            return Code::out_of_memory;
        case VIR_ERR_NO_SUPPORT:
        case VIR_ERR_OPERATION_UNSUPPORTED:
        case VIR_ERR_ARGUMENT_UNSUPPORTED:  // also: "QEMU guest agent is not configured"
            return Code::not_supported;
        default:
            return Code::failed;
    }
}

}  // namespace

void fail_libvirt(std::string_view doing_what) {
    const virError* error = virGetLastError();
    const std::string text =
        error != nullptr && error->message != nullptr ? error->message : "no reason given";
    fail(code_of(error == nullptr ? 0 : error->code), "{}: {}", doing_what, text);
}

}  // namespace reviver::hypervisor
