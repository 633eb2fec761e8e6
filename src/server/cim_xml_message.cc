#include "server/cim_xml_message.h"

#include "cim/cim_xml_reader.h"
#include "cim/cim_xml_writer.h"
#include "cim/value_text.h"
#include "server/limits.h"

#include <fmt/format.h>

#include <set>

namespace reviver::server {

using cim::CimError;
using cim::Status;
using cim::XmlElement;

namespace {

CimXmlRefusal not_valid() {
    return {400, "request-not-valid"};
}

const XmlElement& only_child(const XmlElement& parent, std::string_view name) {
    if (parent.children.size() != 1 || parent.children[0].name != name) throw not_valid();
    return parent.children[0];
}

void check_version(const XmlElement& element, const char* attribute, char major,
                   const char* refusal) {
    const std::string* version = element.attribute(attribute);
    if (!version) throw not_valid();
    if (version->size() < 2 || (*version)[0] != major || (*version)[1] != '.') {
        throw CimXmlRefusal(501, refusal);
    }
}

// The IMETHODCALL or METHODCALL.
const XmlElement& find_call(const XmlElement& root, CimXmlRequest& request) {
    if (root.name != "CIM") throw not_valid();
    check_version(root, "CIMVERSION", '2', "unsupported-cim-version");
    check_version(root, "DTDVERSION", '2', "unsupported-dtd-version");
    const XmlElement& message = only_child(root, "MESSAGE");
    check_version(message, "PROTOCOLVERSION", '1', "unsupported-protocol-version");
    const std::string* id = message.attribute("ID");
    if (!id || id->size() > limits::message_id_chars_max) throw not_valid();
    request.message_id = *id;
    if (message.child_named("MULTIREQ")) {
        throw CimXmlRefusal(501, "multiple-requests-unsupported");
    }
    const XmlElement& simple = only_child(message, "SIMPLEREQ");
    if (simple.children.size() != 1) throw not_valid();
    const XmlElement& call = simple.children[0];
    const std::string* name = call.attribute("NAME");
    const bool known = call.name == "IMETHODCALL" || call.name == "METHODCALL";
    if (!known || !name || name->empty()) throw not_valid();
    return call;
}

void read_call(const XmlElement& call, CimXmlRequest& request) {
    request.name = *call.attribute("NAME");
    request.is_method = call.name == "METHODCALL";
    const char* parameter = request.is_method ? "PARAMVALUE" : "IPARAMVALUE";
    for (const XmlElement& child : call.children) {
        if (child.name == parameter) {
            const std::string& name = cim::cim_xml::required_attribute(child, "NAME");
            if (request.parameters.size() == limits::cim_xml_parameters_max ||
                !request.parameters.emplace(name, child).second) {
                throw not_valid();
            }
        } else if (request.is_method) {
            request.object = cim::cim_xml::read_path(child);
        } else if (child.name == "LOCALNAMESPACEPATH") {
            request.name_space = cim::cim_xml::read_namespace(child);
        } else {
            throw not_valid();
        }
    }
}

CimError bad_parameter(std::string_view name, std::string_view why) {
    return {Status::invalid_parameter, fmt::format("{}: {}", name, why)};
}

std::string envelope(const CimXmlRequest& request, std::string_view content) {
    cim::XmlWriter out;
    out.open("CIM").attribute("CIMVERSION", "2.0").attribute("DTDVERSION", "2.0");
    out.open("MESSAGE").attribute("ID", request.message_id);
    out.attribute("PROTOCOLVERSION", "1.0").open("SIMPLERSP");
    out.open(request.is_method ? "METHODRESPONSE" : "IMETHODRESPONSE");
    out.attribute("NAME", request.name).markup(content);
    out.close().close().close().close();
    return "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n" + out.take();
}

}  // namespace

const std::string& CimXmlRequest::target_namespace() const {
    const std::string& named = is_method ? object.name_space() : name_space;
    if (named.empty()) {
        throw CimError(Status::invalid_namespace, "the request names no namespace");
    }
    return named;
}

bool CimXmlRequest::has(std::string_view parameter) const {
    return !value(parameter).is_null();
}

cim::Value CimXmlRequest::value(std::string_view parameter) const {
    const auto found = parameters.find(parameter);
    if (found == parameters.end()) return {};
    try {
        return cim::cim_xml::read_parameter(found->second);
    } catch (const Error& error) {
        throw bad_parameter(parameter, error.what());
    }
}

std::string CimXmlRequest::text(std::string_view parameter) const {
    const cim::Value sent = value(parameter);
    if (sent.is_null()) return {};
    if (sent.is_array() || sent.type() != cim::Type::string) {
        throw bad_parameter(parameter, "expected text");
    }
    return sent.as_string();
}

bool CimXmlRequest::flag(std::string_view parameter, bool otherwise) const {
    const std::string sent(cim::trim(text(parameter)));
    if (sent.empty()) return otherwise;
    if (cim::same_name(sent, "true")) return true;
    if (cim::same_name(sent, "false")) return false;
    throw bad_parameter(parameter, "expected TRUE or FALSE");
}

std::optional<std::uint32_t> CimXmlRequest::number(std::string_view parameter) const {
    const std::string sent = text(parameter);
    if (sent.empty()) return std::nullopt;
    try {
        return static_cast<std::uint32_t>(cim::parse_scalar(cim::Type::uint32, sent).as_unsigned());
    } catch (const Error& error) {
        throw bad_parameter(parameter, error.what());
    }
}

cim::ObjectPath CimXmlRequest::path(std::string_view parameter) const {
    const cim::Value sent = value(parameter);
    if (sent.is_null() || sent.is_array() || sent.type() != cim::Type::reference) {
        throw bad_parameter(parameter, "expected the name of a class or an instance");
    }
    cim::ObjectPath result = sent.as_reference();
    result.set_name_space(name_space);
    return result;
}

std::string CimXmlRequest::class_name(std::string_view parameter) const {
    return has(parameter) ? path(parameter).class_name() : std::string();
}

std::function<bool(const std::string&)> CimXmlRequest::property_list() const {
    const cim::Value sent = value("PropertyList");
    if (sent.is_null()) return {};
    if (!sent.is_array() || sent.elements().size() > limits::property_list_max) {
        throw bad_parameter("PropertyList", "expected an array of names");
    }
    std::set<std::string, cim::NameLess> names;
    for (const std::string& one : sent.as_strings()) names.insert(one);
    return [names](const std::string& property) { return names.contains(property); };
}

CimXmlRequest read_cim_xml(std::string_view body) {
    XmlElement root;
    try {
        root = cim::parse_xml(body);
    } catch (const Error&) {
        throw CimXmlRefusal(400, "request-not-well-formed");
    }
    CimXmlRequest request;
    const XmlElement& call = find_call(root, request);
    try {
        read_call(call, request);
    } catch (const CimXmlRefusal&) {
        throw;
    } catch (const Error&) {
        throw not_valid();
    }
    return request;
}

HttpReply cim_xml_reply(const CimXmlRequest& request, std::string_view content) {
    HttpReply reply{200, {}, envelope(request, content)};
    reply.fields["Content-Type"] = "application/xml; charset=\"utf-8\"";
    reply.fields["CIMOperation"] = "MethodResponse";
    return reply;
}

HttpReply cim_xml_error(const CimXmlRequest& request, const cim::CimError& error) {
    cim::XmlWriter out;
    out.open("ERROR").attribute("CODE", std::to_string(static_cast<unsigned>(error.status())));
    out.attribute("DESCRIPTION", error.what());
    if (error.detail()) cim::cim_xml::write_instance(out, *error.detail(), {});
    return cim_xml_reply(request, out.close().take());
}

HttpReply cim_xml_refusal(const CimXmlRefusal& refusal) {
    HttpReply reply = plain_reply(refusal.status(), "This is no request that is served here.");
    reply.fields["CIMError"] = refusal.what();
    return reply;
}

}  // namespace reviver::server
