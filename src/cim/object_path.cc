#include "cim/object_path.h"

#include "base/bytes.h"
#include "base/error.h"
#include "cim/limits.h"
#include "cim/value_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace reviver::cim {

namespace {

bool is_slash(char c) {
    return c == '/' || c == '\\';
}

bool is_name(std::string_view text) {
    const auto in_name = [](unsigned char c) { return std::isalnum(c) || c == '_' || c >= 0x80; };
    return !text.empty() && std::all_of(text.begin(), text.end(), in_name) &&
           (text[0] < '0' || text[0] > '9');
}

// Reads the keys behind "CLASS.": name=value,name=value
class KeyReader {
  public:
    explicit KeyReader(std::string_view text) : rest_(text) {}

    ObjectPath::Keys read(bool named) {
        ObjectPath::Keys keys;
        do {
            std::string name = named ? read_name() : std::string();
            if (keys.size() == limits::object_path_keys_max) bad("it has too many keys");
            if (!keys.emplace(std::move(name), read_value()).second) bad("a key comes twice");
        } while (named && take(','));
        if (!rest_.empty()) bad("there is something behind the last key");
        return keys;
    }

  private:
    [[noreturn]] static void bad(std::string_view why) {
        fail(Code::invalid_parameter, "this is no object path: {}", why);
    }

    bool take(char c) {
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }

    std::string read_name() {
        const auto equals = rest_.find('=');
        if (equals == std::string_view::npos) bad("a key has no value");
        const std::string_view name = trim(rest_.substr(0, equals));
        if (!is_name(name)) bad("a key has no name");
        rest_.remove_prefix(equals + 1);
        return std::string(name);
    }

    Value read_value() {
        while (rest_.starts_with(' ')) rest_.remove_prefix(1);
        if (rest_.starts_with('"') || rest_.starts_with('\'')) return read_quoted();
        const auto end = std::min(rest_.find(','), rest_.size());
        const std::string_view word = trim(rest_.substr(0, end));
        rest_.remove_prefix(end);
        return read_word(word);
    }

    static Value read_word(std::string_view word) {
        if (same_name(word, "true") || same_name(word, "false")) {
            return parse_scalar(Type::boolean, word);
        }
        try {
            return parse_scalar(word.starts_with('-') ? Type::sint64 : Type::uint64, word);
        } catch (const Error&) {
            bad("a key is neither quoted nor a number");
        }
    }

    Value read_quoted() {
        const char quote = rest_[0];
        std::string value;
        std::size_t i = 1;
        for (; i < rest_.size() && rest_[i] != quote; ++i) {
            if (rest_[i] == '\\' && i + 1 < rest_.size()) ++i;
            value += rest_[i];
        }
        if (i >= rest_.size()) bad("a quote is not closed");
        rest_.remove_prefix(i + 1);
        while (rest_.starts_with(' ')) rest_.remove_prefix(1);
        return value;
    }

    std::string_view rest_;
};

// Names between slashes; what else stands there would not be read again when it is printed.
bool is_namespace(std::string_view text) {
    const auto in_namespace = [](unsigned char c) {
        return std::isalnum(c) || c == '_' || c == '-' || c == '/' || c == '\\' || c >= 0x80;
    };
    return std::all_of(text.begin(), text.end(), in_namespace);
}

bool is_host(std::string_view text) {
    const auto in_host = [](unsigned char c) { return c > 0x20 && c != 0x7f && c != '"'; };
    return std::all_of(text.begin(), text.end(), in_host);
}

// Takes "\\HOST\" off the front.
std::string take_host(std::string_view& text) {
    if (text.size() < 2 || !is_slash(text[0]) || !is_slash(text[1])) return {};
    text.remove_prefix(2);
    const auto end = std::find_if(text.begin(), text.end(), is_slash);
    std::string host(text.begin(), end);
    if (!is_host(host)) fail(Code::invalid_parameter, "this is no object path: no host is named");
    text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
    return host;
}

// The colon between namespace and class: the last one before the keys begin.
std::size_t colon_before_class(std::string_view text) {
    return text.substr(0, text.find_first_of(".=\"'")).rfind(':');
}

void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    out += '"';
}

bool same_key_value(const Value& a, const Value& b) {
    if (a.is_null() || b.is_null() || a.is_array() || b.is_array()) return a == b;
    if (a.type() == Type::reference && b.type() == Type::reference) {
        return a.as_reference().same_object(b.as_reference());
    }
    if (a.type() == Type::instance || b.type() == Type::instance) return false;
    return same_name(scalar_text(a), scalar_text(b));
}

}  // namespace

bool ObjectPath::looks_like_path(std::string_view text) {
    text = trim(text);
    if (text.size() > limits::object_path_chars_max) return false;
    if (text.size() > 2 && is_slash(text[0]) && is_slash(text[1])) return true;
    const auto head = text.substr(0, text.find_first_of("=\""));
    return head.size() < text.size() && head.find_first_of(".:") != std::string_view::npos &&
           head.find_first_of("<>{} \n") == std::string_view::npos;
}

ObjectPath ObjectPath::parse(std::string_view text) {
    text = trim(text);
    if (text.size() > limits::object_path_chars_max) {
        fail(Code::invalid_parameter, "an object path has at most {} characters",
             limits::object_path_chars_max);
    }
    ObjectPath path("");
    path.host_ = take_host(text);
    const auto colon = colon_before_class(text);
    if (colon != std::string_view::npos) {
        if (!is_namespace(text.substr(0, colon))) {
            fail(Code::invalid_parameter, "this is no object path: no namespace is named");
        }
        path.set_name_space(text.substr(0, colon));
        text.remove_prefix(colon + 1);
    }
    const auto end_of_class = std::min(text.find_first_of(".="), text.size());
    path.class_name_ = trim(text.substr(0, end_of_class));
    if (!is_name(path.class_name_)) {
        fail(Code::invalid_parameter, "this is no object path: no class is named in \"{}\"",
             beginning_of(text, 100));
    }
    text.remove_prefix(end_of_class);
    if (text.empty() || text == "=@" || text == ".") return path;
    path.keys_ = KeyReader(text.substr(1)).read(text[0] == '.');
    return path;
}

const Value& ObjectPath::key(std::string_view name) const {
    static const Value null;
    const auto found = keys_.find(name);
    return found == keys_.end() ? null : found->second;
}

std::string ObjectPath::key_text(std::string_view name) const {
    const Value& value = key(name);
    return value.is_null() ? std::string() : scalar_text(value);
}

void ObjectPath::set_name_space(std::string_view name_space) {
    name_space_ = normal_namespace(name_space);
}

void ObjectPath::set_key(std::string_view name, Value value) {
    keys_.insert_or_assign(std::string(name), std::move(value));
}

std::string ObjectPath::text() const {
    std::string out;
    if (!name_space_.empty()) {
        // A host stands before a namespace; before a class alone nobody could read it.
        if (!host_.empty()) out = "\\\\" + host_ + "\\";
        std::string backslashed = name_space_;
        std::replace(backslashed.begin(), backslashed.end(), '/', '\\');
        out += backslashed + ":";
    }
    out += class_name_;
    const char* separator = keys_.size() == 1 && keys_.begin()->first.empty() ? "" : ".";
    for (const auto& [name, value] : keys_) {
        out += separator + name + "=";
        separator = ",";
        const bool bare = !value.is_null() && value.type() != Type::string &&
                          value.type() != Type::datetime && value.type() != Type::reference;
        if (bare)
            out += scalar_text(value);
        else
            append_quoted(out, value.is_null() ? std::string() : scalar_text(value));
    }
    return out;
}

bool ObjectPath::same_object(const ObjectPath& other) const {
    return same_name(class_name_, other.class_name_) &&
           std::equal(keys_.begin(), keys_.end(), other.keys_.begin(), other.keys_.end(),
                      [](const auto& a, const auto& b) {
                          return same_name(a.first, b.first) && same_key_value(a.second, b.second);
                      });
}

}  // namespace reviver::cim
