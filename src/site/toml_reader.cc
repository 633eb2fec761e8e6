#include "site/toml_reader.h"

#include "base/error.h"

#include <fmt/ranges.h>

namespace reviver::site {

const toml::node* TomlSection::node(const std::string& key) {
    asked_.insert(key);
    return table_ ? table_->get(key) : nullptr;
}

std::string TomlSection::place(const std::string& key) const {
    std::string full = name_.empty() ? key : name_ + "." + key;
    const toml::node* at = table_ ? table_->get(key) : nullptr;
    if (!at) return fmt::format("{}: {}", file_.string(), full);
    return fmt::format("{}:{}: {}", file_.string(), at->source().begin.line, full);
}

void TomlSection::refuse(const std::string& key, std::string_view what_is_allowed) const {
    fail(Code::invalid_parameter, "{}: {}", place(key), what_is_allowed);
}

TomlSection TomlSection::section(const std::string& key) {
    const toml::node* found = node(key);
    if (found && !found->is_table()) refuse(key, "must be a section, written as [" + key + "]");
    return {file_, name_.empty() ? key : name_ + "." + key, found ? found->as_table() : nullptr};
}

std::string TomlSection::text(const std::string& key, std::string_view default_text) {
    const toml::node* found = node(key);
    if (!found) return std::string(default_text);
    if (!found->is_string()) refuse(key, "must be a text in quotes");
    return found->as_string()->get();
}

bool TomlSection::flag(const std::string& key, bool default_flag) {
    const toml::node* found = node(key);
    if (!found) return default_flag;
    if (!found->is_boolean()) refuse(key, "must be true or false");
    return found->as_boolean()->get();
}

std::int64_t TomlSection::number(const std::string& key, std::int64_t default_number,
                                 std::int64_t min, std::int64_t max) {
    const toml::node* found = node(key);
    if (!found) return default_number;
    std::int64_t value = found->is_integer() ? found->as_integer()->get() : min - 1;
    if (value < min || value > max) {
        refuse(key, fmt::format("must be a whole number from {} to {}", min, max));
    }
    return value;
}

void TomlSection::finish() {
    if (!table_) return;
    for (const auto& [key, value] : *table_) {
        if (asked_.contains(std::string(key.str()))) continue;
        refuse(std::string(key.str()),
               fmt::format("unknown key; allowed here: {}", fmt::join(asked_, ", ")));
    }
}

}  // namespace reviver::site
