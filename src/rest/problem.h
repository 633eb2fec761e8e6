// What went wrong, as application/problem+json (RFC 9457) with the status code of CIM.
//
//   {"type": "about:blank", "title": "Not Found", "status": 404,
//    "detail": "there is no class X", "cimStatus": 5, "cimStatusName": "CIM_ERR_INVALID_CLASS"}
#pragma once

#include "cim/cim_error.h"
#include "server/http_message.h"

#include <boost/json/value.hpp>

#include <string_view>

namespace reviver::rest {

// One of HTTP itself, without a CIM status.
class HttpProblem : public Error {
  public:
    HttpProblem(unsigned status, std::string text)
        : Error(Code::failed, std::move(text)), status_(status) {}
    unsigned status() const { return status_; }

  private:
    unsigned status_;
};

server::HttpReply json_reply(unsigned status, const boost::json::value& body);
server::HttpReply problem_reply(unsigned http_status, std::string_view detail);
server::HttpReply problem_reply(const cim::CimError& error);

}  // namespace reviver::rest
