#include "server/gss.h"

#include "base/bytes.h"
#include "base/error.h"
#include "server/limits.h"

#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>

#include <array>

namespace reviver::server {

namespace {

// 1.3.6.1.5.5.2
gss_OID_desc spnego_mechanism = {6, const_cast<char*>("\x2b\x06\x01\x05\x05\x02")};

class Buffer {
  public:
    Buffer() = default;
    ~Buffer() {
        OM_uint32 ignored = 0;
        gss_release_buffer(&ignored, &buffer_);
    }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    gss_buffer_t get() { return &buffer_; }
    std::string text() const { return {static_cast<const char*>(buffer_.value), buffer_.length}; }

  private:
    gss_buffer_desc buffer_ = GSS_C_EMPTY_BUFFER;
};

class Name {
  public:
    Name() = default;
    ~Name() {
        OM_uint32 ignored = 0;
        gss_release_name(&ignored, &name_);
    }
    Name(const Name&) = delete;
    Name& operator=(const Name&) = delete;

    gss_name_t* address() { return &name_; }
    gss_name_t get() const { return name_; }

  private:
    gss_name_t name_ = GSS_C_NO_NAME;
};

gss_buffer_desc view_of(std::string_view bytes) {
    return {bytes.size(), const_cast<char*>(bytes.data())};
}

void add_status(std::string& text, OM_uint32 status, int type) {
    OM_uint32 more = 0;
    do {
        Buffer message;
        OM_uint32 minor = 0;
        if (gss_display_status(&minor, status, type, GSS_C_NO_OID, &more, message.get()) !=
            GSS_S_COMPLETE) {
            return;
        }
        text += (text.empty() ? "" : "; ") + message.text();
    } while (more != 0);
}

std::string status_text(OM_uint32 major, OM_uint32 minor) {
    std::string text;
    add_status(text, major, GSS_C_GSS_CODE);
    if (minor != 0) add_status(text, minor, GSS_C_MECH_CODE);
    return text;
}

std::string display_name(gss_name_t name) {
    Buffer text;
    OM_uint32 minor = 0;
    const OM_uint32 major = gss_display_name(&minor, name, text.get(), nullptr);
    if (GSS_ERROR(major)) fail(Code::access_denied, "{}", status_text(major, minor));
    return text.text();
}

bool same(gss_OID a, gss_OID b) {
    return a && b &&
           std::string_view(static_cast<const char*>(a->elements), a->length) ==
               std::string_view(static_cast<const char*>(b->elements), b->length);
}

}  // namespace

GssCredentials::GssCredentials(const std::filesystem::path& keytab) {
    const std::string name = "FILE:" + keytab.string();
    std::array<gss_key_value_element_desc, 1> elements{{{"keytab", name.c_str()}}};
    const gss_key_value_set_desc store{elements.size(), elements.data()};
    std::array<gss_OID_desc, 2> oids{*gss_mech_krb5, spnego_mechanism};
    gss_OID_set_desc mechanisms{oids.size(), oids.data()};
    OM_uint32 minor = 0;
    OM_uint32 major = gss_acquire_cred_from(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &mechanisms,
                                            GSS_C_ACCEPT, &store, &credentials_, nullptr, nullptr);
    gss_OID_set_desc within_spnego{1, oids.data()};
    if (!GSS_ERROR(major)) major = gss_set_neg_mechs(&minor, credentials_, &within_spnego);
    if (GSS_ERROR(major)) {
        fail(Code::invalid_parameter, "the keytab {} cannot be used: {}", keytab.string(),
             status_text(major, minor));
    }
}

GssCredentials::~GssCredentials() {
    OM_uint32 ignored = 0;
    gss_release_cred(&ignored, &credentials_);
}

GssContext::GssContext(std::string protocol, std::string_view end_point_digest)
    : protocol_(std::move(protocol)) {
    if (!end_point_digest.empty()) {
        binding_ = "tls-server-end-point:" + std::string(end_point_digest);
    }
}

GssContext::~GssContext() {
    OM_uint32 ignored = 0;
    gss_delete_sec_context(&ignored, &context_, GSS_C_NO_BUFFER);
}

std::string GssContext::accept(const GssCredentials& credentials, std::string_view token) {
    if (++steps_ > limits::handshake_steps_max) {
        fail(Code::access_denied, "a handshake of more than {} steps", limits::handshake_steps_max);
    }
    gss_buffer_desc input = view_of(token);
    gss_channel_bindings_struct bindings{};
    bindings.application_data = view_of(binding_);
    Name client;
    Buffer output;
    gss_OID mechanism = GSS_C_NO_OID;
    OM_uint32 minor = 0;
    const OM_uint32 major = gss_accept_sec_context(
        &minor, &context_, credentials.get(), &input,
        binding_.empty() ? GSS_C_NO_CHANNEL_BINDINGS : &bindings, client.address(), &mechanism,
        output.get(), &flags_, nullptr, nullptr);
    if (GSS_ERROR(major)) fail(Code::access_denied, "{}", status_text(major, minor));
    if (major == GSS_S_COMPLETE) check_what_was_agreed(mechanism, client.get());
    return output.text();
}

// SPNEGO may have agreed on another mechanism than it was offered for.
void GssContext::check_what_was_agreed(gss_OID mechanism, gss_name_t client) {
    if (same(mechanism, &spnego_mechanism)) {
        OM_uint32 minor = 0;
        gss_inquire_context(&minor, context_, nullptr, nullptr, nullptr, &mechanism, nullptr,
                            nullptr, nullptr);
    }
    if (!same(mechanism, gss_mech_krb5)) fail(Code::access_denied, "this is not Kerberos");
    if (flags_ & GSS_C_ANON_FLAG) fail(Code::access_denied, "this is nobody");
    principal_ = display_name(client);
    established_ = true;
}

bool GssContext::is_channel_bound() const {
    return (flags_ & GSS_C_CHANNEL_BOUND_FLAG) != 0;
}

bool GssContext::is_alive() const {
    OM_uint32 minor = 0;
    OM_uint32 seconds = 0;
    return gss_context_time(&minor, context_, &seconds) == GSS_S_COMPLETE && seconds > 0;
}

// Plain gss_wrap would leave the trailer behind the data, where no client of Windows looks for it.
SecurityContext::Sealed GssContext::seal(std::string_view plain) {
    std::string data(plain);
    std::array<gss_iov_buffer_desc, 3> parts{};
    parts[0].type = GSS_IOV_BUFFER_TYPE_HEADER | GSS_IOV_BUFFER_FLAG_ALLOCATE;
    parts[1].type = GSS_IOV_BUFFER_TYPE_DATA;
    parts[1].buffer = {data.size(), data.data()};
    parts[2].type = GSS_IOV_BUFFER_TYPE_PADDING | GSS_IOV_BUFFER_FLAG_ALLOCATE;
    OM_uint32 minor = 0;
    int sealed = 0;
    const OM_uint32 major = gss_wrap_iov(&minor, context_, 1, GSS_C_QOP_DEFAULT, &sealed,
                                         parts.data(), static_cast<int>(parts.size()));
    const auto text = [](const gss_iov_buffer_desc& part) {
        return std::string(static_cast<const char*>(part.buffer.value), part.buffer.length);
    };
    Sealed result;
    if (major == GSS_S_COMPLETE) result = {text(parts[0]), data + text(parts[2])};
    OM_uint32 ignored = 0;
    gss_release_iov_buffer(&ignored, parts.data(), static_cast<int>(parts.size()));
    if (major != GSS_S_COMPLETE || !sealed) {
        fail(Code::failed, "a reply cannot be sealed: {}", status_text(major, minor));
    }
    return result;
}

std::string GssContext::open(std::string_view sealed) {
    gss_buffer_desc input = view_of(sealed);
    Buffer output;
    OM_uint32 minor = 0;
    int was_sealed = 0;
    const OM_uint32 major =
        gss_unwrap(&minor, context_, &input, output.get(), &was_sealed, nullptr);
    // Also a message that came twice or too late: those are no errors for GSSAPI.
    if (major != GSS_S_COMPLETE || !was_sealed) {
        fail(Code::access_denied, "a message was not sealed here and now: {}",
             status_text(major, minor));
    }
    check_order(sealed);
    return output.text();
}

// GSSAPI looks for messages that come twice only when the client asked for it, and not all do. Its
// number stands in each (RFC 4121 4.2.6.2), under the seal; here one request follows the other.
void GssContext::check_order(std::string_view sealed) {
    constexpr std::string_view token_id = "\x05\x04";
    if (!sealed.starts_with(token_id) || sealed.size() < 16) {
        fail(Code::access_denied, "a message was sealed as before RFC 4121");
    }
    const auto number = load_be<std::uint64_t>(bytes_of(sealed).data() + 8);
    if (last_opened_ && number <= *last_opened_) {
        fail(Code::access_denied, "a message came twice");
    }
    last_opened_ = number;
}

}  // namespace reviver::server
