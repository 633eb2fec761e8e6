// CIM names (of classes, properties, methods, keys, namespaces) compare without regard to the case
// of ASCII letters (DSP0004 5.1.1); other characters compare as they are.
#pragma once

#include <string>
#include <string_view>

namespace reviver::cim {

bool same_name(std::string_view a, std::string_view b);
std::string lower(std::string_view name);
std::string_view trim(std::string_view text);  // without the white space of XML at both ends

struct NameLess {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const;
};

// "root\HyperVCluster\v2", "//./root/hypervcluster/v2" and "root/HyperVCluster/v2" name one
// namespace: forward slashes, no host, no slash at either end. The case is left alone.
std::string normal_namespace(std::string_view text);

}  // namespace reviver::cim
