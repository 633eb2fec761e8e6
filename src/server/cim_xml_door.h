// CIM-XML over HTTP: DSP0200 1.4 with the documents of DSP0201 2.4.
//
// What it serves: reading instances, classes and associations, at once or by open and pull;
// queries; the methods of classes. Instances and classes are changed by methods alone: operations
// that would, answer CIM_ERR_NOT_SUPPORTED. The object is what the body names, never what the
// header fields CIMMethod and CIMObject say.
#pragma once

#include "cim/object_manager.h"
#include "server/door.h"
#include "server/limits.h"

#include <chrono>
#include <memory>
#include <string>

namespace reviver::server {

struct CimXmlOptions {
    std::string host = "localhost";  // in paths
    std::size_t reply_bytes_max = limits::cim_xml_reply_bytes_max;
    std::size_t contexts_per_user_max = limits::contexts_per_user_max;
    std::chrono::milliseconds context_idle_time_max = limits::context_idle_time_max;
    std::chrono::milliseconds operation_time_max = limits::operation_time_max;
};

class CimXmlDoor : public Door {
  public:
    CimXmlDoor(std::shared_ptr<const cim::ObjectManager> objects, CimXmlOptions options);
    ~CimXmlDoor() override;

    unsigned refuse_before_body(const HttpRequest& header) const override;
    HttpReply handle(const HttpRequest& request, const cim::Principal& who) override;

  private:
    class State;
    std::unique_ptr<State> state_;
};

}  // namespace reviver::server
