#include "cim/names.h"

#include <algorithm>

namespace reviver::cim {

namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

std::string lower(std::string_view name) {
    std::string result(name);
    for (char& c : result) c = lower(c);
    return result;
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view space = " \t\r\n";
    const auto first = text.find_first_not_of(space);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(space) - first + 1);
}

bool NameLess::operator()(std::string_view a, std::string_view b) const {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return static_cast<unsigned char>(lower(x)) < static_cast<unsigned char>(lower(y));
    });
}

std::string normal_namespace(std::string_view text) {
    std::string result(trim(text));
    std::replace(result.begin(), result.end(), '\\', '/');
    if (result.starts_with("//")) {
        const auto end_of_host = result.find('/', 2);
        result.erase(0, end_of_host == std::string::npos ? result.size() : end_of_host + 1);
    }
    while (result.starts_with('/')) result.erase(0, 1);
    while (result.ends_with('/')) result.pop_back();
    return result;
}

}  // namespace reviver::cim
