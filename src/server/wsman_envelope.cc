#include "server/wsman_envelope.h"

#include "base/ids.h"
#include "cim/datetime.h"
#include "cim/limits.h"
#include "cim/ws_names.h"
#include "cim/xml_writer.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace reviver::server {

namespace ws = cim::ws;
using cim::Encoding;
using cim::XmlElement;

namespace {

struct KnownHeader {
    const char* name_space;
    const char* name;
};

// Those that are read, and those that may be ignored because ignoring them is what they ask for.
constexpr KnownHeader known_headers[] = {
    {ws::addressing, "Action"},      {ws::addressing, "To"},
    {ws::addressing, "From"},        {ws::addressing, "ReplyTo"},
    {ws::addressing, "FaultTo"},     {ws::addressing, "MessageID"},
    {ws::wsman, "ResourceURI"},      {ws::wsman, "SelectorSet"},
    {ws::wsman, "MaxEnvelopeSize"},  {ws::wsman, "OperationTimeout"},
    {ws::wsman, "OptionSet"},        {ws::wsman, "RequestEPR"},
    {ws::wsman, "FragmentTransfer"}, {ws::wsman, "RequestTotalItemsCountEstimate"},
    {ws::wsman, "Locale"},           {ws::microsoft, "DataLocale"},
};

bool is_known(const XmlElement& header) {
    return std::any_of(std::begin(known_headers), std::end(known_headers),
                       [&](const KnownHeader& one) { return header.is(one.name_space, one.name); });
}

bool must_understand(const XmlElement& header) {
    const std::string* value = header.attribute("mustUnderstand", ws::soap);
    return value && (cim::trim(*value) == "1" || cim::same_name(cim::trim(*value), "true"));
}

std::string text_of(const XmlElement& element) {
    return std::string(cim::trim(element.text));
}

std::optional<std::uint64_t> number_in(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

void check_reply_address(const XmlElement& endpoint) {
    const XmlElement* address = endpoint.child(ws::addressing, "Address");
    if (!address || text_of(*address) != ws::anonymous) {
        throw unsupported("Replies go back over the connection of the request and nowhere else.",
                          "AddressingMode");
    }
}

void check_twice(const XmlElement& header) {
    for (std::size_t i = 0; i < header.children.size(); ++i) {
        const XmlElement& one = header.children[i];
        for (std::size_t j = 0; j < i && is_known(one); ++j) {
            if (!one.is(header.children[j].name_space, header.children[j].name)) continue;
            if (one.name == "SelectorSet") {
                throw SoapFault(FaultFamily::wsman, "InvalidSelectors", "SelectorSet comes twice.",
                                "DuplicateSelectors");
            }
            throw bad_header("The header " + one.name + " comes twice.");
        }
    }
}

void check_understood(const XmlElement& header) {
    for (const XmlElement& one : header.children) {
        if (is_known(one) || !must_understand(one)) continue;
        SoapFault fault(FaultFamily::soap, "MustUnderstand",
                        "The header " + one.name + " is not understood here.");
        throw fault.with_not_understood(one.name_space, one.name);
    }
}

ws::Selectors read_header_selectors(const XmlElement* selector_set) {
    try {
        return ws::read_selectors(selector_set);
    } catch (const Error& error) {
        const bool limit = error.code() == Code::out_of_memory;
        const char* detail = error.code() == Code::exists ? "DuplicateSelectors"
                             : limit                      ? "SelectorLimit"
                                                          : "InsufficientSelectors";
        throw SoapFault(FaultFamily::wsman, limit ? "EncodingLimit" : "InvalidSelectors",
                        error.what(), detail);
    }
}

std::map<std::string, std::string, cim::NameLess> read_options(const XmlElement& option_set) {
    std::map<std::string, std::string, cim::NameLess> options;
    for (const XmlElement& option : option_set.children) {
        if (options.size() == limits::options_max) {
            throw SoapFault(FaultFamily::wsman, "EncodingLimit", "There are too many options.",
                            "OptionLimit");
        }
        if (const std::string* name = option.attribute("Name")) options[*name] = text_of(option);
    }
    return options;
}

std::size_t read_envelope_size(const std::string& text) {
    const auto bytes = number_in(text);
    if (!bytes) throw bad_header("MaxEnvelopeSize is no number.");
    if (*bytes < limits::envelope_bytes_min) {
        throw SoapFault(
            FaultFamily::wsman, "EncodingLimit",
            fmt::format("MaxEnvelopeSize must be at least {}.", limits::envelope_bytes_min),
            "MinimumEnvelopeLimit");
    }
    return static_cast<std::size_t>(std::min<std::uint64_t>(*bytes, limits::envelope_bytes_max));
}

std::chrono::milliseconds read_timeout(const std::string& text) {
    const auto time = cim::DateTime::parse_iso(text);
    if (!time || !time->is_interval()) throw bad_header("OperationTimeout is no duration.");
    const auto asked = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::microseconds(time->microseconds()));
    const std::chrono::milliseconds most = limits::operation_time_max;
    return asked.count() == 0 ? most : std::min(asked, most);
}

void read_message_id(const XmlElement& header, ReplyTerms& terms) {
    const XmlElement* id = header.child(ws::addressing, "MessageID");
    if (!id || cim::trim(id->text).empty()) throw bad_header("MessageID is missing.");
    if (id->text.size() > limits::message_id_chars_max) throw bad_header("MessageID is too long.");
    terms.message_id = text_of(*id);
}

void check_required(const XmlElement& header) {
    for (const char* name : {"Action", "To", "ReplyTo"}) {
        const XmlElement* found = header.child(ws::addressing, name);
        if (!found) {
            throw SoapFault(FaultFamily::addressing, "MessageInformationHeaderRequired",
                            std::string("The header ") + name + " is missing.");
        }
        if (found->children.empty() && !found->has_text()) {
            throw bad_header(std::string("The header ") + name + " is empty.");
        }
    }
    for (const char* name : {"ReplyTo", "FaultTo"}) {
        if (const XmlElement* found = header.child(ws::addressing, name))
            check_reply_address(*found);
    }
}

void check_features(const XmlElement& header) {
    if (header.child(ws::wsman, "FragmentTransfer")) {
        throw unsupported("Parts of an instance cannot be asked for.", "FragmentLevelAccess");
    }
    const XmlElement* locale = header.child(ws::wsman, "Locale");
    if (locale && must_understand(*locale)) {
        throw unsupported("Texts are in English only.", "Locale");
    }
    const XmlElement* data_locale = header.child(ws::microsoft, "DataLocale");
    if (data_locale && must_understand(*data_locale)) {
        throw unsupported("Data has no locale.", "DataLocale");
    }
}

void open_envelope(cim::XmlWriter& out) {
    out.open("s:Envelope")
        .attribute("xml:lang", "en-US")
        .attribute("xmlns:s", ws::soap)
        .attribute("xmlns:a", ws::addressing)
        .attribute("xmlns:n", ws::enumeration)
        .attribute("xmlns:w", ws::wsman)
        .attribute("xmlns:b", ws::binding);
}

std::string envelope_with(const ReplyTerms& terms, std::string_view action, std::string_view body,
                          const SoapFault* fault) {
    cim::XmlWriter out;
    open_envelope(out);
    out.open("s:Header");
    out.element("a:Action", action);
    out.element("a:MessageID", "uuid:" + fresh_uuid());
    out.element("a:To", ws::anonymous);
    if (!terms.message_id.empty()) out.element("a:RelatesTo", terms.message_id);
    if (fault && !fault->not_understood().second.empty()) {
        const auto& [name_space, name] = fault->not_understood();
        out.open("s:NotUnderstood")
            .attribute("qname", "x:" + name)
            .attribute("xmlns:x", name_space);
        out.close();
    }
    out.close().open("s:Body").markup(body).close().close();
    return out.take();
}

HttpReply http_reply(const ReplyTerms& terms, unsigned status, const std::string& envelope) {
    const bool wide = terms.encoding != Encoding::utf8;
    HttpReply reply{status, {}, cim::from_utf8(envelope, terms.encoding)};
    reply.fields["Content-Type"] =
        wide ? "application/soap+xml;charset=UTF-16" : "application/soap+xml;charset=UTF-8";
    return reply;
}

}  // namespace

bool WsmanRequest::option(std::string_view name) const {
    const auto found = options.find(name);
    return found != options.end() && cim::same_name(found->second, "true");
}

XmlElement read_envelope(const HttpRequest& request, ReplyTerms& terms) {
    const Encoding detected = cim::detect_encoding(request.body);
    const auto declared = encoding_in(request.field("Content-Type"), soap_type);
    terms.encoding = detected != Encoding::utf8 ? detected : declared.value_or(Encoding::utf8);
    XmlElement root;
    try {
        root = cim::parse_xml(cim::to_utf8(request.body, terms.encoding));
    } catch (const Error& error) {
        throw schema_violation(std::string("The request cannot be read: ") + error.what());
    }
    if (root.name != "Envelope") throw schema_violation("The request is no SOAP envelope.");
    if (root.name_space != ws::soap) {
        throw SoapFault(FaultFamily::soap, "VersionMismatch", "Only SOAP 1.2 is served here.");
    }
    std::size_t headers = 0;
    std::size_t bodies = 0;
    for (const XmlElement& child : root.children) {
        headers += child.is(ws::soap, "Header");
        bodies += child.is(ws::soap, "Body");
    }
    if (headers > 1 || bodies != 1) throw schema_violation("An envelope has one header and body.");
    return root;
}

const XmlElement* identify_in(const XmlElement& envelope) {
    const XmlElement& body = *envelope.child(ws::soap, "Body");
    for (const char* name_space : {ws::identity, ws::identity_misprinted}) {
        if (const XmlElement* found = body.child(name_space, "Identify")) return found;
    }
    return nullptr;
}

WsmanRequest read_request(const XmlElement& envelope, ReplyTerms& terms) {
    static const XmlElement no_header;
    const XmlElement* found = envelope.child(ws::soap, "Header");
    const XmlElement& header = found ? *found : no_header;
    if (header.has_text()) throw schema_violation("There is text between the headers.");
    check_twice(header);
    read_message_id(header, terms);
    check_understood(header);
    check_required(header);
    WsmanRequest request;
    request.action = text_of(*header.child(ws::addressing, "Action"));
    if (const XmlElement* size = header.child(ws::wsman, "MaxEnvelopeSize")) {
        terms.envelope_bytes_max = read_envelope_size(text_of(*size));
    }
    if (const XmlElement* time = header.child(ws::wsman, "OperationTimeout")) {
        request.operation_time_max = read_timeout(text_of(*time));
    }
    check_features(header);
    if (const XmlElement* uri = header.child(ws::wsman, "ResourceURI")) {
        request.resource_uri = text_of(*uri);
    }
    request.selectors = read_header_selectors(header.child(ws::wsman, "SelectorSet"));
    if (const XmlElement* options = header.child(ws::wsman, "OptionSet")) {
        request.options = read_options(*options);
    }
    request.body = *envelope.child(ws::soap, "Body");
    return request;
}

HttpReply reply_with(const ReplyTerms& terms, std::string_view action, std::string_view body) {
    HttpReply reply = http_reply(terms, 200, envelope_with(terms, action, body, nullptr));
    if (reply.body.size() > terms.envelope_bytes_max) {
        throw SoapFault(
            FaultFamily::wsman, "EncodingLimit",
            fmt::format("The answer has {} bytes, more than MaxEnvelopeSize.", reply.body.size()),
            "MaxEnvelopeSize");
    }
    return reply;
}

HttpReply reply_with_fault(const ReplyTerms& terms, const SoapFault& fault,
                           std::string_view machine) {
    return http_reply(terms, 500,
                      envelope_with(terms, fault.action(), fault.body(machine), &fault));
}

HttpReply reply_without_header(const ReplyTerms& terms, std::string_view body) {
    cim::XmlWriter out;
    open_envelope(out);
    out.open("s:Header").close().open("s:Body").markup(body).close().close();
    return http_reply(terms, 200, out.take());
}

std::size_t body_bytes_max(const ReplyTerms& terms, std::string_view action) {
    const std::size_t around = envelope_with(terms, action, {}, nullptr).size();
    // No character takes more than twice its bytes of UTF-8 in UTF-16.
    const std::size_t most = terms.encoding == Encoding::utf8 ? terms.envelope_bytes_max
                                                              : terms.envelope_bytes_max / 2 - 2;
    return most > around ? most - around : 0;
}

std::string fresh_uuid() {
    std::array<std::uint8_t, 16> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
        fail(Code::failed, "the system gives no random numbers");
    }
    std::string text = Uuid::from_random(bytes).text();
    for (char& c : text) {
        if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
    }
    return text;
}

}  // namespace reviver::server
