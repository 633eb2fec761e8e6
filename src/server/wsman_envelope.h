// The envelope of a WS-Management message: what its header says, checked, and how a reply is
// wrapped. DSP0226 5 and 6.
#pragma once

#include "cim/text_encoding.h"
#include "cim/ws_resource.h"
#include "cim/xml.h"
#include "server/http_message.h"
#include "server/limits.h"
#include "server/soap_fault.h"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace reviver::server {

// What a reply needs to know about its request, known even when the request is refused.
struct ReplyTerms {
    cim::Encoding encoding = cim::Encoding::utf8;
    std::string message_id;  // as sent; empty: not known
    std::size_t envelope_bytes_max = limits::envelope_bytes_max;
};

struct WsmanRequest {
    std::string action;
    std::optional<std::string> resource_uri;
    cim::ws::Selectors selectors;
    std::map<std::string, std::string, cim::NameLess> options;
    std::chrono::milliseconds operation_time_max = limits::operation_time_max;
    cim::XmlElement body;

    bool option(std::string_view name) const;  // there and true
};

inline constexpr const char* soap_type = "application/soap+xml";

// The envelope as XML; fills terms.encoding. SoapFault when it is none.
cim::XmlElement read_envelope(const HttpRequest& request, ReplyTerms& terms);
// The Identify element, when that is what the body holds.
const cim::XmlElement* identify_in(const cim::XmlElement& envelope);
// Fills `terms` as far as it gets. SoapFault for a header that cannot be accepted.
WsmanRequest read_request(const cim::XmlElement& envelope, ReplyTerms& terms);

// HTTP replies; `body` is the content of the soap Body. The reply to Identify has no header.
// SoapFault when a reply is larger than its request allows.
HttpReply reply_with(const ReplyTerms& terms, std::string_view action, std::string_view body);
HttpReply reply_with_fault(const ReplyTerms& terms, const SoapFault& fault,
                           std::string_view machine);
HttpReply reply_without_header(const ReplyTerms& terms, std::string_view body);
// How many bytes of UTF-8 the content of the Body may have so that the reply stays within its
// limit.
std::size_t body_bytes_max(const ReplyTerms& terms, std::string_view action);

std::string fresh_uuid();  // upper case, random

}  // namespace reviver::server
