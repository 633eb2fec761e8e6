#include "server/cim_xml_door.h"

#include "server/cim_xml_operations.h"
#include "server/soap_fault.h"
#include "server/timed_operations.h"

#include <fmt/format.h>

#include <algorithm>

namespace reviver::server {

using cim::CimError;
using cim::Status;

namespace {

struct Operation {
    const char* name;
    CimXmlHandler handler;
};

constexpr Operation operations[] = {
    {"GetInstance", get_cim_instance},
    {"GetProperty", get_cim_property},
    {"GetClass", get_cim_class},
    {"EnumerateClasses", list_cim_classes},
    {"EnumerateClassNames", list_cim_class_names},
    {"PullInstancesWithPath", pull_cim_objects},
    {"PullInstancePaths", pull_cim_objects},
    {"PullInstances", pull_cim_objects},
    {"CloseEnumeration", close_cim_enumeration},
};

std::string dispatch(const CimXmlOperation& operation) {
    const std::string& name = operation.request.name;
    // Which namespace it is decides before which operation, so that clients can probe for one.
    operation.objects.schema(operation.request.target_namespace());
    if (operation.request.is_method) return invoke_cim_method(operation);
    if (is_cim_listing(name)) return list_cim_objects(operation);
    const auto found = std::find_if(std::begin(operations), std::end(operations),
                                    [&](const Operation& one) { return one.name == name; });
    if (found == std::end(operations)) {
        throw CimError(Status::not_supported,
                       fmt::format("{} is not served; instances are changed by methods", name));
    }
    return found->handler(operation);
}

HttpReply carry_out(const CimXmlOperation& operation) {
    try {
        return cim_xml_reply(operation.request, dispatch(operation));
    } catch (const CimError& error) {
        return cim_xml_error(operation.request, error);
    } catch (const SoapFault& fault) {
        return cim_xml_error(operation.request, CimError(fault.status(), fault.what()));
    } catch (const Error& error) {
        return cim_xml_error(operation.request, CimError(Status::failed, error.what()));
    }
}

}  // namespace

class CimXmlDoor::State {
  public:
    State(std::shared_ptr<const cim::ObjectManager> objects, DoorOptions options)
        : objects_(std::move(objects)),
          options_(std::move(options)),
          contexts_(options_.context_idle_time_max, options_.contexts_per_user_max) {}

    HttpReply handle(const HttpRequest& request, const cim::Principal& who) {
        if (!cim::same_name(request.field("CIMOperation"), "MethodCall")) {
            return cim_xml_refusal({400, "unsupported-operation"});
        }
        try {
            return answer(read_cim_xml(request.body), who);
        } catch (const CimXmlRefusal& refusal) {
            return cim_xml_refusal(refusal);
        }
    }

  private:
    HttpReply answer(CimXmlRequest asked, const cim::Principal& who) {
        const auto operation = std::make_shared<CimXmlOperation>(
            CimXmlOperation{*objects_, contexts_, who, std::move(asked), options_.host,
                            options_.reply_bytes_max, options_.context_idle_time_max});
        try {
            return operations_.run(options_.operation_time_max,
                                   [operation] { return carry_out(*operation); });
        } catch (const SoapFault& fault) {
            return cim_xml_error(operation->request, CimError(fault.status(), fault.what()));
        }
    }

    const std::shared_ptr<const cim::ObjectManager> objects_;
    const DoorOptions options_;
    EnumerationContexts contexts_;
    TimedOperations operations_;  // last: what still runs uses the rest
};

CimXmlDoor::CimXmlDoor(std::shared_ptr<const cim::ObjectManager> objects, DoorOptions options)
    : state_(std::make_unique<State>(std::move(objects), std::move(options))) {}

CimXmlDoor::~CimXmlDoor() = default;

unsigned CimXmlDoor::refuse_before_body(const HttpRequest& header) const {
    if (header.method == "M-POST") return 501;
    if (header.method != "POST") return 405;
    const std::string_view coding = header.field("Content-Encoding");
    if (!coding.empty() && !cim::same_name(coding, "identity")) return 415;
    const std::string_view type = header.field("Content-Type");
    if (type.empty() && header.field("Content-Length") == "0") return 0;
    for (const char* served : {"application/xml", "text/xml"}) {
        if (encoding_in(type, served) == cim::Encoding::utf8) return 0;
    }
    return 415;
}

HttpReply CimXmlDoor::handle(const HttpRequest& request, const cim::Principal& who) {
    return state_->handle(request, who);
}

}  // namespace reviver::server
