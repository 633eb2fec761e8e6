// The operations of WS-Management on the object model: WS-Transfer (DSP0226 7), WS-Enumeration (8)
// and methods (9). Each takes a request and gives the action and body of its reply; SoapFault and
// CimError when it cannot.
#pragma once

#include "cim/object_manager.h"
#include "server/enumeration_contexts.h"
#include "server/wsman_envelope.h"
#include "server/wsman_target.h"

#include <string>

namespace reviver::server {

struct WsmanAnswer {
    std::string action;
    std::string body;
};

// What an operation works with; lives as long as the operation.
struct WsmanOperation {
    const cim::ObjectManager& objects;
    EnumerationContexts& contexts;
    cim::Principal who;
    WsmanRequest request;
    ReplyTerms terms;
    HttpRequest http;
};

// Requests about classes themselves: [MS-WSMV] 3.1.4.8. They have a resource URI of their own.
bool is_about_classes(const WsmanRequest& request);
WsmanAnswer get_class(const WsmanOperation& operation);
Enumeration enumerate_classes(const WsmanOperation& operation);

WsmanAnswer get_instance(const WsmanOperation& operation);
// Put and Delete are refused for an object that is there, and Create for a class that is: who named
// something else is told that first.
[[noreturn]] void refuse_change(const WsmanOperation& operation);
[[noreturn]] void refuse_creation(const WsmanOperation& operation);
WsmanAnswer invoke_method(const WsmanOperation& operation);
WsmanAnswer enumerate(const WsmanOperation& operation);
WsmanAnswer pull(const WsmanOperation& operation);
WsmanAnswer release(const WsmanOperation& operation);

}  // namespace reviver::server
