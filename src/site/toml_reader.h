// One section of a TOML file, read key by key. Every error names file, line, key and what is
// allowed. finish() refuses keys that nobody asked for.
#pragma once

#include "base/error.h"

#include <toml++/toml.h>

#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace reviver::site {

class TomlSection {
  public:
    // `table` outlives this; null is a section that is not there: all its keys have their defaults.
    TomlSection(const std::filesystem::path& file, std::string name, const toml::table* table)
        : file_(file), name_(std::move(name)), table_(table) {}

    // A section within; its name counts as a key that was asked for.
    TomlSection section(const std::string& key);
    // An array of sections, written as [[...]]; none when it is not there.
    std::vector<TomlSection> tables(const std::string& key, std::size_t count_max);
    bool has(const std::string& key) { return node(key) != nullptr; }
    std::string text(const std::string& key, std::string_view default_text);
    std::vector<std::string> texts(const std::string& key);
    bool flag(const std::string& key, bool default_flag);
    std::int64_t number(const std::string& key, std::int64_t default_number, std::int64_t min,
                        std::int64_t max);
    // Hands the text to `parse`; an Error of it is told with file, line and key.
    template <class Parse>
    auto parsed(const std::string& key, std::string_view default_text, Parse parse);
    void finish();

    [[noreturn]] void refuse(const std::string& key, std::string_view what_is_allowed) const;

  private:
    const toml::node* node(const std::string& key);
    std::string place(const std::string& key) const;

    const std::filesystem::path& file_;
    std::string name_;
    const toml::table* table_;
    std::set<std::string> asked_;
};

template <class Parse>
auto TomlSection::parsed(const std::string& key, std::string_view default_text, Parse parse) {
    std::string value = text(key, default_text);
    try {
        return parse(value);
    } catch (const Error& error) {
        refuse(key, error.what());
    }
}

}  // namespace reviver::site
