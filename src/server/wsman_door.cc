#include "server/wsman_door.h"

#include "cim/ws_names.h"
#include "cim/xml_writer.h"
#include "server/enumeration_contexts.h"
#include "server/soap_fault.h"
#include "server/timed_operations.h"
#include "server/wsman_envelope.h"
#include "server/wsman_operations.h"

namespace reviver::server {

namespace ws = cim::ws;

namespace {

constexpr const char* profile_prefix = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/";

std::string identify_body(const cim::XmlElement& asked, const DoorOptions& options, bool in_full) {
    cim::XmlWriter out;
    out.open("i:IdentifyResponse").attribute("xmlns:i", asked.name_space);
    out.element("i:ProtocolVersion", ws::wsman);
    out.element("i:ProductVendor", options.product_vendor);
    out.element("i:ProductVersion", in_full ? options.product_version : "");
    if (in_full) {
        out.open("i:SecurityProfiles");
        for (const std::string& profile : options.security_profiles) {
            out.element("i:SecurityProfileName", profile_prefix + profile);
        }
        out.close();
    }
    return out.close().take();
}

bool is_transfer(const std::string& action, const char* verb) {
    return action == std::string(ws::transfer) + "/" + verb;
}

WsmanAnswer dispatch(const WsmanOperation& operation) {
    const std::string& action = operation.request.action;
    if (action == ws::action_get) {
        return is_about_classes(operation.request) ? get_class(operation) : get_instance(operation);
    }
    if (action == ws::action_enumerate) return enumerate(operation);
    if (action == ws::action_pull) return pull(operation);
    if (action == ws::action_release) return release(operation);
    if (is_transfer(action, "Create")) refuse_creation(operation);
    if (is_transfer(action, "Put") || is_transfer(action, "Delete")) refuse_change(operation);
    return invoke_method(operation);
}

HttpReply carry_out(const WsmanOperation& operation) {
    try {
        const WsmanAnswer answer = dispatch(operation);
        return reply_with(operation.terms, answer.action, answer.body);
    } catch (const cim::CimError& error) {
        throw SoapFault::of(error);
    }
}

}  // namespace

class WsmanDoor::State {
  public:
    State(std::shared_ptr<const cim::ObjectManager> objects, DoorOptions options)
        : objects_(std::move(objects)),
          options_(std::move(options)),
          contexts_(options_.context_idle_time_max, options_.contexts_per_user_max) {}

    HttpReply handle(const HttpRequest& request, const cim::Principal& who) {
        ReplyTerms terms;
        try {
            return answer(request, who, terms);
        } catch (const SoapFault& fault) {
            return reply_with_fault(terms, fault, options_.host);
        } catch (const Error& error) {
            const cim::CimError failed(cim::Status::failed, error.what());
            return reply_with_fault(terms, SoapFault::of(failed), options_.host);
        }
    }

  private:
    HttpReply answer(const HttpRequest& request, const cim::Principal& who, ReplyTerms& terms) {
        const cim::XmlElement envelope = read_envelope(request, terms);
        if (const cim::XmlElement* identify = identify_in(envelope)) {
            return reply_without_header(terms, identify_body(*identify, options_, true));
        }
        WsmanRequest asked = read_request(envelope, terms);
        const auto time_max = asked.operation_time_max;
        HttpRequest http = request;
        http.body.clear();
        const auto operation = std::make_shared<WsmanOperation>(
            WsmanOperation{*objects_, contexts_, who, std::move(asked), terms, std::move(http)});
        return operations_.run(time_max, [operation] { return carry_out(*operation); });
    }

    const std::shared_ptr<const cim::ObjectManager> objects_;
    const DoorOptions options_;
    EnumerationContexts contexts_;
    TimedOperations operations_;  // last: what still runs uses the rest
};

WsmanDoor::WsmanDoor(std::shared_ptr<const cim::ObjectManager> objects, DoorOptions options)
    : state_(std::make_unique<State>(std::move(objects), std::move(options))) {}

WsmanDoor::~WsmanDoor() = default;

unsigned WsmanDoor::refuse_before_body(const HttpRequest& header) const {
    if (header.method != "POST") return 405;
    const std::string_view coding = header.field("Content-Encoding");
    if (!coding.empty() && !cim::same_name(coding, "identity")) return 415;
    // A first try without credentials may come without content.
    if (header.field("Content-Type").empty() && header.field("Content-Length") == "0") return 0;
    return encoding_in(header.field("Content-Type"), soap_type) ? 0 : 415;
}

HttpReply WsmanDoor::handle(const HttpRequest& request, const cim::Principal& who) {
    return state_->handle(request, who);
}

bool WsmanPublicIdentify::admits(const HttpRequest& header) const {
    if (header.method != "POST") return false;
    if (header.path == "/wsman-anon/identify") return true;
    return (header.path == "/wsman" || header.path == "/wsman/") &&
           cim::same_name(header.field("WSMANIDENTIFY"), "unauthenticated");
}

HttpReply WsmanPublicIdentify::handle(const HttpRequest& request) {
    ReplyTerms terms;
    try {
        const cim::XmlElement envelope = read_envelope(request, terms);
        if (const cim::XmlElement* identify = identify_in(envelope)) {
            return reply_without_header(terms, identify_body(*identify, options_, false));
        }
    } catch (const SoapFault&) {
        // Whoever did not say who he is learns nothing more than that this is not served.
    }
    return plain_reply(403, "Only Identify is served to somebody unknown.");
}

}  // namespace reviver::server
