// Limits on everything that a client or a file can make grow in this folder. Each is reached in a
// test.
#pragma once

#include <cstddef>

namespace reviver::cim::limits {

constexpr std::size_t xml_bytes_max = 8u << 20;  // one document, after conversion to UTF-8
constexpr std::size_t xml_depth_max = 64;
constexpr std::size_t xml_nodes_max = 100'000;
constexpr std::size_t xml_attributes_max =
    64;  // of one element, namespace declarations counted apart
constexpr std::size_t xml_namespaces_max = 64;  // declared on one element

constexpr std::size_t mof_bytes_max = 4u << 20;   // one file
constexpr std::size_t mof_depth_max = 32;         // nested instances
constexpr std::size_t mof_include_depth_max = 8;  // #pragma include
constexpr std::size_t mof_classes_max = 4096;
constexpr std::size_t embedded_text_bytes_max = 1u << 20;
constexpr std::size_t embedded_depth_max = 8;  // an instance in the text of an instance in ...

constexpr std::size_t object_path_chars_max = 8192;
constexpr std::size_t object_path_keys_max = 32;
constexpr std::size_t reference_depth_max =
    4;  // a key that is a reference whose key is a reference ...
constexpr std::size_t array_elements_max = 65'536;
constexpr std::size_t class_depth_max = 32;  // superclass chain

constexpr std::size_t wql_chars_max = 16'384;
constexpr std::size_t wql_depth_max = 64;            // parentheses and NOT within each other
constexpr std::size_t wql_pattern_chars_max = 1024;  // of LIKE

constexpr std::size_t event_history_max = 1000;  // for who comes again

constexpr std::size_t client_pulls_max = 10'000;  // round trips of one enumeration
constexpr std::size_t client_instances_max = 100'000;

}  // namespace reviver::cim::limits
