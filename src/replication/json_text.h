// Inside replication: reading and writing the JSON of documents and control messages.
#pragma once

#include "base/error.h"
#include "replication/documents.h"

#include <boost/json.hpp>

namespace reviver::replication {

namespace json = boost::json;

// Reading a document field by field: anything missing or of another kind is Code::corrupt, with the
// field's name.
class Reader {
  public:
    explicit Reader(const json::object& object) : object_(object) {}

    // For a field that documents of an earlier version lack.
    bool has(std::string_view key) const {
        return object_.contains(json::string_view(key.data(), key.size()));
    }
    std::string text(std::string_view key) const {
        const json::string* value = find(key).if_string();
        if (value == nullptr) broken(key);
        return std::string(value->data(), value->size());
    }
    bool flag(std::string_view key) const {
        const bool* value = find(key).if_bool();
        if (value == nullptr) broken(key);
        return *value;
    }
    template <class T = std::uint64_t>
    T number(std::string_view key) const {
        boost::system::error_code error;
        const T value = find(key).to_number<T>(error);
        if (error) broken(key);
        return value;
    }
    template <class E>
    E enumeration(std::string_view key, E largest) const {
        const auto value = number<std::uint32_t>(key);
        if (value > static_cast<std::uint32_t>(largest)) broken(key);
        return static_cast<E>(value);
    }
    template <class T>
    T id(std::string_view key) const {
        const auto value = T::parse(text(key));
        if (!value) broken(key);
        return *value;
    }
    sys::WallTime time(std::string_view key) const {
        return sys::WallTime(sys::Duration(number<std::int64_t>(key)));
    }
    const json::array& list(std::string_view key) const {
        const json::array* value = find(key).if_array();
        if (value == nullptr) broken(key);
        return *value;
    }
    Reader inner(std::string_view key) const {
        const json::object* value = find(key).if_object();
        if (value == nullptr) broken(key);
        return Reader(*value);
    }
    std::vector<std::string> texts(std::string_view key) const {
        std::vector<std::string> result;
        for (const json::value& value : list(key)) {
            if (!value.is_string()) broken(key);
            result.emplace_back(value.get_string().data(), value.get_string().size());
        }
        return result;
    }
    template <class F>
    void each(std::string_view key, F&& use) const {
        for (const json::value& value : list(key)) {
            if (!value.is_object()) broken(key);
            use(Reader(value.get_object()));
        }
    }

  private:
    [[noreturn]] static void broken(std::string_view key) {
        fail(Code::corrupt, "a state document has no proper '{}'", key);
    }
    const json::value& find(std::string_view key) const {
        const json::value* value = object_.if_contains(json::string_view(key.data(), key.size()));
        if (value == nullptr) broken(key);
        return *value;
    }

    const json::object& object_;
};

// JSON objects; Code::corrupt for anything else. What another site sends has to be UTF-8. What this
// one has kept need not: a name that is none must not keep the site from starting.
json::value parse_message(std::string_view text);
json::value parse_document(std::string_view text);
json::array texts_json(const std::vector<std::string>& texts);
json::object settings_json(const Settings& settings);
Settings settings_of(const Reader& in);
json::array shapes_json(const std::vector<DiskShape>& shapes);
std::vector<DiskShape> shapes_of(const Reader& in, std::string_view key);
json::array keys_json(const std::vector<DiskKey>& keys);
std::vector<DiskKey> keys_of(const Reader& in, std::string_view key);
json::array changes_json(const std::vector<DiskChanges>& changes);
std::vector<DiskChanges> changes_of(const Reader& in);

}  // namespace reviver::replication
