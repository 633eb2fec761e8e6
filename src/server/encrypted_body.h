// A message sealed by the security context of its connection, as WinRM frames it (MS-WSMV 2.2.9.1):
// a multipart body of two parts, of which the first says what the second is.
//
//   --Encrypted Boundary
//   <TAB>Content-Type: application/HTTP-SPNEGO-session-encrypted
//   <TAB>OriginalContent: type=application/soap+xml;charset=UTF-8;Length=N
//   --Encrypted Boundary
//   <TAB>Content-Type: application/octet-stream
//   length of the header, 32 bits little-endian; header; data--Encrypted Boundary--
//
// Lines end with CR LF. Some clients leave the TABs out and want none back, so a reply has them
// when its request had.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace reviver::server {

struct EncryptedBody {
    std::string content_type;  // of what is inside
    std::size_t length = 0;    // of what is inside, as the sender says
    std::string header;
    std::string data;
    bool with_tabs = true;
};

bool is_encrypted(std::string_view content_type);  // multipart/encrypted

// Error(protocol) for everything that is not exactly this.
EncryptedBody parse_encrypted(std::string_view content_type, std::string_view body);

std::string encrypted_content_type(std::string_view protocol);
std::string write_encrypted(const EncryptedBody& body, std::string_view protocol);

}  // namespace reviver::server
