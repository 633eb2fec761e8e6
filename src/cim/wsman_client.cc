#include "cim/wsman_client.h"

#include "base/ids.h"
#include "cim/limits.h"
#include "cim/value_text.h"
#include "cim/ws_names.h"
#include "cim/ws_resource.h"
#include "cim/ws_values.h"
#include "cim/xml_writer.h"

#include <random>

namespace reviver::cim {

namespace {

constexpr const char* content_type = "application/soap+xml;charset=UTF-8";
constexpr const char* envelope_bytes_max = "512000";
constexpr const char* operation_time_max = "PT60.000S";
constexpr const char* batch_items = "1000";

std::string fresh_message_id() {
    std::random_device random;
    std::array<std::uint8_t, 16> bytes{};
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    return "uuid:" + Uuid::from_random(bytes).text();
}

[[noreturn]] void bad_reply(std::string_view why) {
    fail(Code::protocol, "the server's reply makes no sense: {}", why);
}

const XmlElement& required(const XmlElement* found, std::string_view what) {
    if (!found) bad_reply(std::string(what) + " is missing");
    return *found;
}

std::string text_at(const XmlElement* element) {
    return element ? std::string(trim(element->text)) : std::string();
}

Code code_of(const std::string& subcode) {
    if (subcode == "AccessDenied") return Code::access_denied;
    if (subcode == "DestinationUnreachable") return Code::not_found;
    if (subcode == "TimedOut") return Code::timeout;
    if (subcode == "UnsupportedFeature" || subcode == "ActionNotSupported") {
        return Code::not_supported;
    }
    if (subcode == "Concurrency" || subcode == "QuotaLimit") return Code::in_use;
    if (subcode == "InvalidSelectors" || subcode == "InvalidParameter" ||
        subcode == "SchemaValidationError") {
        return Code::invalid_parameter;
    }
    return Code::failed;
}

std::string last_part(const std::string& text, char separator) {
    return text.substr(text.rfind(separator) + 1);
}

[[noreturn]] void throw_fault(const XmlElement& fault) {
    const XmlElement& code = required(fault.child(ws::soap, "Code"), "the code of a fault");
    const XmlElement* subcode = code.child(ws::soap, "Subcode");
    const XmlElement* reason = fault.child(ws::soap, "Reason");
    const XmlElement* detail = fault.child(ws::soap, "Detail");
    std::string name =
        text_at(subcode ? subcode->child(ws::soap, "Value") : code.child(ws::soap, "Value"));
    name = last_part(name, ':');
    std::string text = text_at(reason ? reason->child(ws::soap, "Text") : nullptr);
    const std::string where = text_at(detail ? detail->child(ws::wsman, "FaultDetail") : nullptr);
    throw WsmanFault(code_of(name), std::move(text), name, last_part(where, '/'));
}

void write_arguments(XmlWriter& out, const std::vector<NamedValue>& arguments) {
    for (const NamedValue& argument : arguments) {
        if (argument.value.is_null()) continue;
        ws::write_value(out, "p:" + argument.name, argument.value, {});
    }
}

std::string invoke_body(const std::string& resource, std::string_view method,
                        const std::vector<NamedValue>& arguments) {
    XmlWriter out;
    out.open("p:" + std::string(method) + "_INPUT")
        .attribute("xmlns:p", resource)
        .attribute("xmlns:xsi", ws::schema_instance)
        .attribute("xmlns:cim", ws::common);
    write_arguments(out, arguments);
    return out.close().take();
}

std::string enumerate_body() {
    XmlWriter out;
    out.open("n:Enumerate").open("w:OptimizeEnumeration").close();
    out.element("w:MaxElements", batch_items);
    out.element("w:EnumerationMode", "EnumerateObjectAndEPR");
    return out.close().take();
}

std::string pull_body(const std::string& context) {
    XmlWriter out;
    out.open("n:Pull").element("n:EnumerationContext", context);
    out.element("n:MaxElements", batch_items);
    return out.close().take();
}

void write_header(XmlWriter& out, const std::string& action, const std::string& resource,
                  const std::string& message_id) {
    out.element("a:To", "https://server/wsman");
    out.open("w:ResourceURI").attribute("s:mustUnderstand", "true").text(resource).close();
    out.open("a:ReplyTo").element("a:Address", ws::anonymous).close();
    out.open("a:Action").attribute("s:mustUnderstand", "true").text(action).close();
    out.element("w:MaxEnvelopeSize", envelope_bytes_max);
    out.element("a:MessageID", message_id);
    out.element("w:OperationTimeout", operation_time_max);
    out.open("w:OptionSet").open("w:Option");
    out.attribute("Name", "msftwinrm:includepropertymetadata").text("true").close().close();
}

void open_envelope(XmlWriter& out) {
    out.open("s:Envelope")
        .attribute("xmlns:s", ws::soap)
        .attribute("xmlns:a", ws::addressing)
        .attribute("xmlns:w", ws::wsman)
        .attribute("xmlns:n", ws::enumeration)
        .attribute("xmlns:i", ws::identity);
}

}  // namespace

const Value& Invoked::get(std::string_view name) const {
    static const Value null;
    for (const NamedValue& value : out) {
        if (same_name(value.name, name)) return value.value;
    }
    return null;
}

WsmanClient::WsmanClient(Transport transport, std::string name_space)
    : transport_(std::move(transport)), name_space_(std::move(name_space)) {}

Identity WsmanClient::identify() {
    XmlWriter out;
    open_envelope(out);
    out.open("s:Header").close().open("s:Body").open("i:Identify").close().close().close();
    const XmlElement body = post(out.take(), {});
    const XmlElement& reply = required(body.child(ws::identity, "IdentifyResponse"), "the answer");
    return {text_at(reply.child(ws::identity, "ProtocolVersion")),
            text_at(reply.child(ws::identity, "ProductVendor")),
            text_at(reply.child(ws::identity, "ProductVersion"))};
}

Instance WsmanClient::get(const ObjectPath& path) {
    const std::string resource =
        ws::resource_uri(ws::UriForm::dmtf, name_space_, path.class_name());
    const XmlElement body = call({ws::action_get, resource, &path, {}});
    if (body.children.empty()) bad_reply("there is no instance in it");
    return ws::read_instance(body.children[0], name_space_);
}

std::vector<Enumerated> WsmanClient::enumerate(std::string_view class_name) {
    const std::string resource = ws::resource_uri(ws::UriForm::dmtf, name_space_, class_name);
    std::vector<Enumerated> result;
    XmlElement body = call({ws::action_enumerate, resource, nullptr, enumerate_body()});
    const XmlElement* response = body.child(ws::enumeration, "EnumerateResponse");
    std::string context;
    for (std::size_t pulls = 0; !read_items(required(response, "the answer"), result); ++pulls) {
        if (pulls == limits::client_pulls_max || result.size() > limits::client_instances_max) {
            bad_reply("the enumeration does not end");
        }
        const std::string next = text_at(response->child(ws::enumeration, "EnumerationContext"));
        if (!next.empty()) context = next;
        body = call({ws::action_pull, resource, nullptr, pull_body(context)});
        response = body.child(ws::enumeration, "PullResponse");
    }
    return result;
}

// True: that was the last of it.
bool WsmanClient::read_items(const XmlElement& response, std::vector<Enumerated>& into) const {
    bool last = false;
    for (const XmlElement& child : response.children) {
        if (child.name == "EndOfSequence") last = true;
        if (child.name != "Items") continue;
        for (const XmlElement& item : child.children) {
            if (item.children.size() != 2) bad_reply("an item is not an instance with its name");
            into.push_back({ws::read_instance(item.children[0], name_space_),
                            ws::read_reference(item.children[1], name_space_)});
        }
    }
    return last;
}

Invoked WsmanClient::invoke(const ObjectPath& path, std::string_view method,
                            const std::vector<NamedValue>& arguments) {
    const std::string resource =
        ws::resource_uri(ws::UriForm::dmtf, name_space_, path.class_name());
    const XmlElement body = call({resource + "/" + std::string(method), resource, &path,
                                  invoke_body(resource, method, arguments)});
    if (body.children.empty()) bad_reply("there is no result in it");
    Invoked result;
    result.out = ws::read_values(body.children[0], name_space_);
    const Value& returned = result.get("ReturnValue");
    if (returned.is_null() || returned.is_array()) bad_reply("there is no return value in it");
    const Value number = parse_scalar(Type::uint32, scalar_text(returned));
    result.return_value = static_cast<std::uint32_t>(number.as_unsigned());
    std::erase_if(result.out, [](const NamedValue& v) { return v.name == "ReturnValue"; });
    return result;
}

XmlElement WsmanClient::call(const Request& request) {
    const std::string message_id = fresh_message_id();
    return post(envelope(request, message_id), message_id);
}

std::string WsmanClient::envelope(const Request& request, const std::string& message_id) const {
    ObjectPath path = request.selectors ? *request.selectors : ObjectPath("");
    path.set_name_space(name_space_);
    XmlWriter out;
    open_envelope(out);
    out.open("s:Header");
    write_header(out, request.action, request.resource, message_id);
    ws::write_selectors(out, path, ws::UriForm::dmtf);
    out.close().open("s:Body").markup(request.body).close().close();
    return out.take();
}

XmlElement WsmanClient::post(const std::string& envelope, const std::string& message_id) {
    const TransportReply reply = transport_(content_type, envelope);
    if (reply.status == 401) {
        fail(Code::access_denied, "the server does not accept this name and password");
    }
    if (reply.status != 200 && reply.status != 500) {
        fail(Code::protocol, "the server answered with HTTP status {}", reply.status);
    }
    XmlElement root = parse_xml(reply.body);
    const XmlElement& body = required(root.child(ws::soap, "Body"), "the body");
    if (const XmlElement* fault = body.child(ws::soap, "Fault")) throw_fault(*fault);
    const XmlElement* header = root.child(ws::soap, "Header");
    const XmlElement* relates = header ? header->child(ws::addressing, "RelatesTo") : nullptr;
    if (!message_id.empty() && text_at(relates) != message_id) {
        bad_reply("it belongs to another request");
    }
    return body;
}

}  // namespace reviver::cim
