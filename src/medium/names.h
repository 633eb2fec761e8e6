// What the files of an exported initial copy are called, in one place:
//
//     DIR/reviver-export.json           the manifest: there is a complete export
//     DIR/reviver-export.unfinished     one was begun, and what it made
//     DIR/<VM's name>_<VM's id>/<target>.raw
//     DIR/<disk's name>_<disk's id>/<disk's name>.raw     of one that VMs share
//
// A VM's name is a text that somebody chose: what no file system, or only some, would take in a
// name becomes "-". The id behind it makes it unique, and keeps it from being "..".
#pragma once

#include "model/point.h"
#include "sys/files.h"

#include <string>
#include <string_view>

namespace reviver::medium {

inline constexpr const char* manifest_name = "reviver-export.json";
inline constexpr const char* unfinished_name = "reviver-export.unfinished";

std::string directory_of(VmId vm, std::string_view name);
std::string file_of(const std::string& directory, const DiskKey& disk);

// Whether a name from a manifest is one that a file or directory right below another may have.
bool is_plain_name(std::string_view name);
bool is_target(std::string_view target);

}  // namespace reviver::medium
