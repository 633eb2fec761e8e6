// CIM-XML over HTTP: DSP0200 1.4 with the documents of DSP0201 2.4.
//
// What it serves: reading instances, classes and associations, at once or by open and pull;
// queries; the methods of classes. Instances and classes are changed by methods alone: operations
// that would, answer CIM_ERR_NOT_SUPPORTED. The object is what the body names, never what the
// header fields CIMMethod and CIMObject say.
#pragma once

#include "cim/object_manager.h"
#include "server/door.h"
#include "server/door_options.h"

#include <memory>
#include <string>

namespace reviver::server {

class CimXmlDoor : public Door {
  public:
    CimXmlDoor(std::shared_ptr<const cim::ObjectManager> objects, DoorOptions options);
    ~CimXmlDoor() override;

    unsigned refuse_before_body(const HttpRequest& header) const override;
    HttpReply handle(const HttpRequest& request, const cim::Principal& who) override;

  private:
    class State;
    std::unique_ptr<State> state_;
};

}  // namespace reviver::server
