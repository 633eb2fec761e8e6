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

std::vector<TomlSection> TomlSection::tables(const std::string& key, std::size_t count_max) {
    const toml::node* found = node(key);
    if (!found) return {};
    const std::string full = name_.empty() ? key : name_ + "." + key;
    if (!found->is_array_of_tables()) {
        refuse(key, "must be a list of sections, each written as [[" + full + "]]");
    }
    const toml::array& array = *found->as_array();
    if (array.size() > count_max) refuse(key, fmt::format("may be there {} times", count_max));
    std::vector<TomlSection> result;
    for (const toml::node& each : array) result.push_back({file_, full, each.as_table()});
    return result;
}

std::vector<std::string> TomlSection::texts(const std::string& key) {
    const char* allowed = "must be a list of texts, as in [\"mon\", \"tue\"]";
    const toml::node* found = node(key);
    if (!found) return {};
    if (!found->is_array()) refuse(key, allowed);
    std::vector<std::string> result;
    for (const toml::node& each : *found->as_array()) {
        if (!each.is_string()) refuse(key, allowed);
        result.push_back(each.as_string()->get());
    }
    return result;
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
