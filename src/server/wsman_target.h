// What a request is about: its resource URI and selectors, resolved against the schema. DSP0227 7.
#pragma once

#include "cim/object_manager.h"
#include "cim/ws_values.h"
#include "server/wsman_envelope.h"

namespace reviver::server {

struct WsmanTarget {
    cim::ws::UriForm form = cim::ws::UriForm::dmtf;
    const cim::Schema* schema = nullptr;
    const cim::Class* of = nullptr;  // nullptr: all classes ("*")
    cim::ObjectPath path{""};        // keys as text

    cim::ws::ValueStyle style(const WsmanRequest& request, const HttpRequest& http) const;
};

// SoapFault when the URI, the namespace or the class is not served.
WsmanTarget find_target(const cim::ObjectManager& objects, const WsmanRequest& request);
// One class, and selectors that are all its keys, or none for the only instance there is. SoapFault
// else.
void check_names_one_object(const WsmanTarget& target);

}  // namespace reviver::server
