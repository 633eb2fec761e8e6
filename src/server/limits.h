// Limits on everything that a client can make grow in the server. Each is reached in a test.
#pragma once

#include <chrono>
#include <cstddef>

namespace reviver::server::limits {

// One message. The largest Kerberos ticket that Windows makes has 48,000 bytes, which is 64,000
// characters of a header field; a header beyond 64 KiB could hold a field that the HTTP library
// stores in 16 bits of length.
constexpr std::size_t header_bytes_max = 65'500;
constexpr std::size_t header_fields_max = 200;
constexpr std::size_t body_bytes_max = 500u << 10;        // as WinRM: MaxEnvelopeSizekb 500
constexpr std::size_t public_body_bytes_max = 16u << 10;  // from somebody who did not say who he is
constexpr std::size_t envelope_bytes_max = 500u << 10;    // of a reply
constexpr std::size_t envelope_bytes_min = 8192;          // that a client may ask for

// Connections and work.
constexpr std::size_t connections_max = 300;
constexpr std::size_t connections_per_address_max = 100;
constexpr std::size_t workers = 8;
constexpr std::size_t queued_requests_max = 300;

constexpr std::chrono::seconds handshake_time_max{10};
constexpr std::chrono::seconds header_time_max{10};
constexpr std::chrono::seconds body_time_max{60};
constexpr std::chrono::seconds idle_time_max{120};
constexpr std::chrono::seconds write_time_max{60};
constexpr std::chrono::seconds closing_time_max{2};

// Replies that go on: the streams of events.
constexpr std::size_t stream_waiting_bytes_max = 1u << 20;  // for a reader that is slow
constexpr std::chrono::seconds stream_silence_max{15};      // then a sign of life is sent
constexpr std::chrono::minutes stream_time_max{15};         // then its reader logs in again

// Accounts.
constexpr std::size_t accounts_max = 1000;
constexpr std::size_t account_name_chars_max = 64;
constexpr std::size_t password_chars_max = 256;
constexpr std::size_t remembered_logins_max = 256;
constexpr std::chrono::seconds remembered_login_time{60};
constexpr std::size_t failures_free = 5;  // wrong passwords before waiting begins
constexpr std::size_t failing_clients_max = 1024;
constexpr std::size_t failing_names_max = 32;  // of one address
constexpr std::chrono::seconds failure_wait_max{60};

// Kerberos.
constexpr int handshake_steps_max = 5;
constexpr std::size_t encrypted_line_chars_max = 1024;  // of the frame of an encrypted message
constexpr std::size_t encrypted_header_bytes_max = 1024;
constexpr std::size_t encrypted_padding_bytes_max = 64;

// WS-Management.
constexpr std::size_t options_max = 256;
constexpr std::size_t fault_text_bytes_max = 1000;
constexpr std::size_t message_id_chars_max = 2048;
constexpr std::size_t batch_items_max = 32'000;
constexpr std::size_t contexts_max = 1000;
constexpr std::size_t contexts_per_user_max = 100;
constexpr std::chrono::seconds context_idle_time_max{60};
constexpr std::chrono::seconds operation_time_max{60};
constexpr std::size_t slow_operations_max = 64;  // that run on after their caller gave up

// CIM-XML.
constexpr std::size_t cim_xml_reply_bytes_max = 32u << 20;  // enumerations beyond it are pulled
constexpr std::size_t cim_xml_parameters_max = 64;
constexpr std::size_t property_list_max = 1000;

}  // namespace reviver::server::limits
