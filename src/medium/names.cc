#include "medium/names.h"

#include "medium/limits.h"

#include <algorithm>

namespace reviver::medium {

namespace {

constexpr std::string_view unwelcome = "/\\:*?\"<>|";

bool is_control(char c) {
    return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
}

bool is_inside_of_character(char c) {
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

// No half of a UTF-8 character at the end.
void shorten(std::string& name) {
    if (name.size() <= name_bytes_max) return;
    std::size_t end = name_bytes_max;
    while (end > 0 && is_inside_of_character(name[end])) --end;
    name.resize(end);
}

}  // namespace

std::string directory_of(VmId vm, std::string_view name) {
    std::string safe(name);
    for (char& c : safe)
        if (is_control(c) || unwelcome.find(c) != std::string_view::npos) c = '-';
    for (std::size_t i = 0; i < safe.size() && safe[i] == '.'; ++i) safe[i] = '-';
    shorten(safe);
    return safe + "_" + vm.text();
}

std::string file_of(const std::string& directory, const DiskKey& disk) {
    return directory + "/" + disk.target + ".raw";
}

bool is_plain_name(std::string_view name) {
    return !name.empty() && name.size() <= 255 && name != "." && name != ".." &&
           name.find('/') == std::string_view::npos && std::ranges::none_of(name, is_control);
}

bool is_target(std::string_view target) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    };
    return !target.empty() && target.size() <= target_length_max &&
           std::ranges::all_of(target, fits);
}

}  // namespace reviver::medium
