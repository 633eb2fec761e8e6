// Figures and tables for people.
#pragma once

#include "cim/datetime.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace reviver::cli {

std::string bytes_text(std::uint64_t bytes);  // "512 B", "1.4 MiB"
std::string duration_text(
    std::chrono::microseconds time);                     // "0.4 s", "12 s", "3 min 20 s", "2 d 4 h"
std::string local_time_text(const cim::DateTime& time);  // "2026-11-22 15:04:05", local
// How long ago; nothing is "never", and the future (clocks differ) is "0 s".
std::string age_text(const std::optional<cim::DateTime>& time, const cim::DateTime& now);
cim::DateTime now();
// "AB:CD:..." as openssl prints it, of 64 hex digits in whatever form; other text is left as it is.
std::string fingerprint_text(const std::string& fingerprint);
// Only the hex digits, in lower case: two fingerprints are equal when these are.
std::string plain_fingerprint(const std::string& fingerprint);

// Columns as wide as their widest cell (in code points of UTF-8), two blanks between; the first row
// is the heading. A cell stays in its line: control characters are shown as "?".
std::string table_text(std::vector<std::vector<std::string>> rows);
// What comes from elsewhere, safe for a terminal: control characters but line ends and tabs are
// shown as "?".
std::string printable(const std::string& text);

}  // namespace reviver::cli
