// The operations of the JSON door on the object model. Each takes a request and gives its reply;
// CimError, HttpProblem, or SoapFault with a CIM status, when it cannot.
#pragma once

#include "cim/object_manager.h"
#include "rest/uri.h"
#include "server/door_options.h"
#include "server/enumeration_contexts.h"
#include "server/http_message.h"

#include <string>
#include <vector>

namespace reviver::rest {

// What an operation works with; lives as long as the operation.
struct Operation {
    const cim::ObjectManager& objects;
    server::EnumerationContexts& contexts;
    cim::Principal who;
    std::string method;                 // "GET"
    std::vector<std::string> segments;  // of the path, below the root, encoded
    QueryParameters query;
    std::string body;
    std::size_t page_bytes_max;

    std::string name_space() const { return namespace_in(segments.at(0)); }
    std::string class_name() const { return percent_decode(segments.at(2)); }
    cim::ObjectPath instance() const {
        return path_in(name_space(), segments.at(2), segments.at(3));
    }
    std::string parameter(const std::string& name) const;  // of the query; empty: not there
};

using Handler = server::HttpReply (*)(const Operation& operation);

server::HttpReply list_namespaces(const Operation& operation);
server::HttpReply show_namespace(const Operation& operation);
server::HttpReply list_classes(const Operation& operation);
server::HttpReply show_class(const Operation& operation);
server::HttpReply list_instances(const Operation& operation);
server::HttpReply list_jobs(const Operation& operation);
server::HttpReply get_instance(const Operation& operation);
server::HttpReply list_associators(const Operation& operation);
server::HttpReply list_references(const Operation& operation);
server::HttpReply run_query(const Operation& operation);
server::HttpReply next_page(const Operation& operation);
server::HttpReply invoke_method(const Operation& operation);
server::HttpReply show_openapi(const Operation& operation);

// Finds the operation and carries it out.
server::HttpReply carry_out(const Operation& operation);

}  // namespace reviver::rest
