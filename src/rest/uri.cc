#include "rest/uri.h"

#include "cim/cim_error.h"
#include "cim/text_encoding.h"
#include "cim/value_text.h"
#include "rest/limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace reviver::rest {

using cim::CimError;
using cim::Status;

namespace {

[[noreturn]] void bad_address(std::string_view why) {
    throw CimError(Status::invalid_parameter, std::string(why));
}

bool is_plain(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~' || c == ':';
}

std::optional<unsigned> hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return std::nullopt;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        const auto at = text.find(separator);
        parts.push_back(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

cim::ObjectPath::Keys keys_in(std::string_view segment) {
    cim::ObjectPath::Keys keys;
    if (segment == "@") return keys;
    for (const std::string_view part : split(segment, ',')) {
        const auto equals = part.find('=');
        const bool named = equals != std::string_view::npos;
        const std::string name = named ? percent_decode(part.substr(0, equals)) : std::string();
        const std::string value = percent_decode(named ? part.substr(equals + 1) : part);
        if (!keys.emplace(name, value).second) bad_address("a key is named twice");
    }
    if (keys.size() > 1 && keys.contains("")) bad_address("several keys need their names");
    return keys;
}

}  // namespace

std::string percent_encode(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (is_plain(c))
            result += c;
        else
            result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return result;
}

std::string percent_decode(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            result += text[i];
            continue;
        }
        const auto high = i + 2 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
        const auto low = high ? hex_digit(text[i + 2]) : std::nullopt;
        if (!low) bad_address("the address has a % without two hexadecimal digits");
        result += static_cast<char>(*high * 16 + *low);
        i += 2;
    }
    if (!cim::is_utf8(result) || result.find('\0') != std::string::npos) {
        bad_address("the address is no text in UTF-8");
    }
    return result;
}

std::string namespace_segment(std::string_view name_space) {
    std::string result(name_space);
    std::replace(result.begin(), result.end(), '/', ':');
    return result;
}

std::string namespace_in(std::string_view segment) {
    std::string result = percent_decode(segment);
    std::replace(result.begin(), result.end(), ':', '/');
    return cim::normal_namespace(result);
}

std::string keys_segment(const cim::ObjectPath& path) {
    if (path.keys().empty()) return "@";
    std::string result;
    for (const auto& [name, value] : path.keys()) {
        const std::string text = value.is_null() ? "" : cim::scalar_text(value);
        const std::string encoded = percent_encode(text);
        if (path.keys().size() == 1 && !text.empty()) return encoded;
        if (!result.empty()) result += ',';
        result += percent_encode(name) + '=' + encoded;
    }
    return result;
}

cim::ObjectPath path_in(std::string_view name_space, std::string_view class_segment,
                        std::string_view keys_segment) {
    cim::ObjectPath path(percent_decode(class_segment), keys_in(keys_segment));
    path.set_name_space(name_space);
    return path;
}

std::string href_of(const cim::ObjectPath& path, std::string_view name_space) {
    const std::string_view its_own = path.name_space();
    return fmt::format("{}/{}/instances/{}/{}", api_root,
                       namespace_segment(its_own.empty() ? name_space : its_own),
                       percent_encode(path.class_name()), keys_segment(path));
}

cim::ObjectPath path_of_href(std::string_view href) {
    if (!is_href(href)) bad_address("a reference begins with /api/v1/");
    const auto parts = segments_of(href.substr(api_root.size()));
    if (parts.size() != 4 || parts[1] != "instances") {
        bad_address(fmt::format("{} is not the address of an instance", href));
    }
    return path_in(namespace_in(parts[0]), parts[2], parts[3]);
}

bool is_href(std::string_view text) {
    return text.starts_with(fmt::format("{}/", api_root));
}

std::vector<std::string> segments_of(std::string_view path_below_root) {
    std::vector<std::string> result;
    if (path_below_root.starts_with('/')) path_below_root.remove_prefix(1);
    if (path_below_root.ends_with('/')) path_below_root.remove_suffix(1);
    if (path_below_root.empty()) return result;
    for (const std::string_view part : split(path_below_root, '/')) {
        if (result.size() == limits::path_segments_max) bad_address("the address is too long");
        result.emplace_back(part);
    }
    return result;
}

QueryParameters read_query(std::string_view query) {
    QueryParameters result;
    if (query.empty()) return result;
    for (const std::string_view part : split(query, '&')) {
        const auto equals = std::min(part.find('='), part.size());
        std::string value(equals < part.size() ? part.substr(equals + 1) : std::string_view());
        std::replace(value.begin(), value.end(), '+', ' ');
        const std::string name = percent_decode(part.substr(0, equals));
        if (!result.emplace(name, percent_decode(value)).second) {
            bad_address(fmt::format("the parameter {} comes twice", name));
        }
        if (result.size() > limits::query_parameters_max) bad_address("too many parameters");
    }
    return result;
}

}  // namespace reviver::rest
