// The client side of WS-Management, without I/O: makes requests, hands them to a transport, reads
// replies. Knows no schema; values come as the wire types them.
//
// Errors: what the transport throws; WsmanFault for a fault of the server, with its texts;
// Error(protocol) for replies that make no sense; Error(access_denied) for HTTP 401. Not
// thread-safe.
#pragma once

#include "base/error.h"
#include "cim/instance.h"
#include "cim/object_path.h"
#include "cim/xml.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace reviver::cim {

struct TransportReply {
    unsigned status = 0;  // of HTTP
    std::string body;
};
// Posts `body` (UTF-8) with `content_type` and waits for the reply.
using Transport =
    std::function<TransportReply(const std::string& content_type, const std::string& body)>;

class WsmanFault : public Error {
  public:
    WsmanFault(Code code, std::string text, std::string subcode, std::string detail)
        : Error(code, std::move(text)), subcode_(std::move(subcode)), detail_(std::move(detail)) {}
    const std::string& subcode() const { return subcode_; }  // local name: "DestinationUnreachable"
    const std::string& detail() const {
        return detail_;
    }  // last part of FaultDetail: "ResourceNotFound"

  private:
    std::string subcode_;
    std::string detail_;
};

struct Identity {
    std::string protocol_version;
    std::string vendor;
    std::string version;
};

struct Enumerated {
    Instance instance;
    ObjectPath path;
};

struct Invoked {
    std::uint32_t return_value = 0;
    std::vector<NamedValue> out;

    const Value& get(std::string_view name) const;  // null when it is not there
};

class WsmanClient {
  public:
    WsmanClient(Transport transport, std::string name_space);

    Identity identify();
    Instance get(const ObjectPath& path);
    std::vector<Enumerated> enumerate(std::string_view class_name);
    // Embedded instances travel as CIM-XML text, null arguments are left out.
    Invoked invoke(const ObjectPath& path, std::string_view method,
                   const std::vector<NamedValue>& arguments);

  private:
    struct Request {
        std::string action;
        std::string resource;
        const ObjectPath* selectors = nullptr;
        std::string body;
    };
    XmlElement call(const Request& request);  // the Body of the reply
    XmlElement post(const std::string& envelope, const std::string& message_id);
    std::string envelope(const Request& request, const std::string& message_id) const;
    bool read_items(const XmlElement& response, std::vector<Enumerated>& into) const;

    Transport transport_;
    std::string name_space_;
};

}  // namespace reviver::cim
