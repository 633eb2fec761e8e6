// The name of an instance: \\HOST\NAMESPACE:CLASS.KEY="value",KEY=3 (DSP0004 8.2, and the forms
// that WMI clients write).
//
// Read: with or without host, slashes of either kind, any case, doubled backslashes inside quoted
// keys, keys in any order, a class alone, a singleton "CLASS=@", a single unnamed key CLASS="value"
// (key name empty, the schema knows it), references as quoted paths. Printed: backslashes, keys in
// alphabetical order as WMI prints them. Errors: invalid_parameter.
#pragma once

#include "cim/names.h"
#include "cim/value.h"

#include <map>
#include <string>
#include <string_view>

namespace reviver::cim {

class ObjectPath {
  public:
    using Keys = std::map<std::string, Value, NameLess>;

    explicit ObjectPath(std::string class_name, Keys keys = {})
        : class_name_(std::move(class_name)), keys_(std::move(keys)) {}
    static ObjectPath parse(std::string_view text);
    // Does the text begin like a path, so that parse() is worth a try?
    static bool looks_like_path(std::string_view text);

    const std::string& host() const { return host_; }  // empty: this one
    const std::string& name_space() const {
        return name_space_;
    }  // "root/HyperVCluster/v2"; empty: the caller's
    const std::string& class_name() const { return class_name_; }
    const Keys& keys() const { return keys_; }
    const Value& key(std::string_view name) const;  // null when it is not there
    std::string key_text(
        std::string_view name) const;  // of a string key; empty when it is not there

    void set_host(std::string host) { host_ = std::move(host); }
    void set_name_space(std::string_view name_space);
    void set_class_name(std::string name) { class_name_ = std::move(name); }
    void set_key(std::string_view name, Value value);

    std::string text() const;
    // Same class and keys; strings compare without regard to case as WMI compares them. Host and
    // namespace are not looked at.
    bool same_object(const ObjectPath& other) const;
    bool operator==(const ObjectPath& other) const = default;

  private:
    std::string host_;
    std::string name_space_;
    std::string class_name_;
    Keys keys_;
};

}  // namespace reviver::cim
