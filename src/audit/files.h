// The files of an audit log: "audit.log", which is written, and before it those that were full,
// "audit-000000000001.log" by the number of their first line. Nobody here removes any.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace reviver::audit {

// Of a site, below its data directory.
std::filesystem::path directory_in(const std::filesystem::path& data_directory);

std::filesystem::path current_file(const std::filesystem::path& directory);
std::filesystem::path full_file(const std::filesystem::path& directory, std::uint64_t first_line);

// Those that are there, oldest first, the current one last. Error(not_found) for none.
std::vector<std::filesystem::path> files_of(const std::filesystem::path& directory);

// Error when it cannot be read. Bounded by what a file can have grown to.
std::string read_file(const std::filesystem::path& file);

// Every line behind that of the number `after`, without its newline, until `visit` answers false. A
// torn line comes with the line before it.
void each_line_after(const std::filesystem::path& directory, std::uint64_t after,
                     const std::function<bool(std::string_view)>& visit);

}  // namespace reviver::audit
