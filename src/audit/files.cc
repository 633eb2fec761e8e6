#include "audit/files.h"

#include "audit/limits.h"
#include "audit/line.h"
#include "base/error.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>

namespace reviver::audit {

namespace fs = std::filesystem;

namespace {

// A torn line has no number: it goes with the line before it.
std::uint64_t number_of(std::string_view line, std::uint64_t before) {
    try {
        return parse_line(line).link.number;
    } catch (const Error&) {
        return before;
    }
}

// Whether what is asked for begins in the file with this name, or behind: a full file has the
// number of its first line in its name.
bool begins_by(const fs::path& file, std::uint64_t number) {
    const std::string name = file.stem();
    const auto digits = name.find_first_of("0123456789");
    std::uint64_t first = 0;
    if (digits == std::string::npos) return false;
    std::from_chars(name.data() + digits, name.data() + name.size(), first);
    return first != 0 && first <= number;
}

}  // namespace

fs::path directory_in(const fs::path& data_directory) {
    return data_directory / "audit";
}

fs::path current_file(const fs::path& directory) {
    return directory / "audit.log";
}

fs::path full_file(const fs::path& directory, std::uint64_t first_line) {
    return directory / fmt::format("audit-{:012}.log", first_line);
}

std::vector<fs::path> files_of(const fs::path& directory) {
    std::vector<fs::path> files;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(directory, error)) {
        const std::string name = entry.path().filename();
        if (name.starts_with("audit-") && name.ends_with(".log")) files.push_back(entry.path());
    }
    if (error) fail_errno(error.value(), "reading the audit log in " + directory.string());
    std::sort(files.begin(), files.end());
    if (fs::exists(current_file(directory))) files.push_back(current_file(directory));
    if (files.empty()) fail(Code::not_found, "there is no audit log in {}", directory.string());
    return files;
}

std::string read_file(const fs::path& file) {
    std::error_code error;
    const auto size = fs::file_size(file, error);
    if (error) fail_errno(error.value(), "reading " + file.string());
    if (size > 2 * limits::file_bytes_max) {
        fail(Code::corrupt, "{} has {} bytes: an audit log's file ends at {}", file.string(), size,
             limits::file_bytes_max);
    }
    std::ifstream in(file, std::ios::binary);
    if (!in) fail_errno(errno, "reading " + file.string());
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void each_line_after(const fs::path& directory, std::uint64_t after,
                     const std::function<bool(std::string_view)>& visit) {
    const auto files = files_of(directory);
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < files.size(); ++i) {
        if (i + 1 < files.size() && begins_by(files[i + 1], after + 1)) continue;
        const std::string text = read_file(files[i]);
        std::string_view rest = text;
        for (auto end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
            const std::string_view line = rest.substr(0, end);
            number = number_of(line, number);
            if (number > after && !visit(line)) return;
            rest.remove_prefix(end + 1);
        }
    }
}

}  // namespace reviver::audit
