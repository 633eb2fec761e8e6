// The first line and the header fields of a request, as Boost.Beast has parsed them: whether they
// can be trusted to mean one thing, and what the doors see of them. RFC 9112.
//
// No state: any thread.
#pragma once

#include "server/http_message.h"

#include <boost/beast/core/error.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>

#include <string>

namespace reviver::server {

using RequestHead = boost::beast::http::request_header<>;

// False: it could be read in two ways, and is not read at all.
bool is_sound(const RequestHead& head);

// A field that came twice is joined, so that no door takes the first and another the last.
HttpRequest request_of(const RequestHead& head, const std::string& peer_address);

// What the parser says is wrong with the request itself, rather than with its connection.
bool is_bad_http(const boost::beast::error_code& error);
unsigned status_for(const boost::beast::error_code& error);  // of the refusal

}  // namespace reviver::server
