#include "cli/text_format.h"

#include "base/control_characters.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace reviver::cli {
namespace {

constexpr std::size_t fingerprint_digits = 64;
constexpr std::int64_t us_per_s = 1'000'000;

std::size_t width_of(const std::string& cell) {
    auto is_start = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
    return static_cast<std::size_t>(std::count_if(cell.begin(), cell.end(), is_start));
}

std::vector<std::size_t> column_widths(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], width_of(row[i]));
        }
    }
    return widths;
}

}  // namespace

std::string bytes_text(std::uint64_t bytes) {
    static constexpr std::array units = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024) return fmt::format("{} B", bytes);
    double value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    while (value >= 999.95 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    return fmt::format("{:.1f} {}", value, units[unit]);
}

std::string duration_text(std::chrono::microseconds time) {
    using namespace std::chrono;
    auto seconds = duration_cast<std::chrono::seconds>(time).count();
    if (seconds < 10) return fmt::format("{:.1f} s", static_cast<double>(time.count()) / us_per_s);
    if (seconds < 60) return fmt::format("{} s", seconds);
    if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
    if (seconds < 86400) return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
    return fmt::format("{} d {} h", seconds / 86400, seconds / 3600 % 24);
}

std::string local_time_text(const cim::DateTime& time) {
    std::time_t seconds = static_cast<std::time_t>(time.microseconds() / us_per_s);
    return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::localtime(seconds));
}

std::string age_text(const std::optional<cim::DateTime>& time, const cim::DateTime& now_time) {
    if (!time) return "never";
    auto age = std::max<std::int64_t>(0, now_time.microseconds() - time->microseconds());
    return duration_text(std::chrono::microseconds(age));
}

cim::DateTime now() {
    using namespace std::chrono;
    return cim::DateTime::at(
        duration_cast<microseconds>(system_clock::now().time_since_epoch()).count());
}

std::string plain_fingerprint(const std::string& fingerprint) {
    std::string digits;
    for (unsigned char c : fingerprint) {
        if (std::isxdigit(c)) digits += static_cast<char>(std::tolower(c));
    }
    return digits;
}

std::string fingerprint_text(const std::string& fingerprint) {
    std::string digits = plain_fingerprint(fingerprint);
    if (digits.size() != fingerprint_digits) return printable(fingerprint);
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && i % 2 == 0) text += ':';
        text += static_cast<char>(std::toupper(static_cast<unsigned char>(digits[i])));
    }
    return text;
}

std::string table_text(std::vector<std::vector<std::string>> rows) {
    for (auto& row : rows)
        for (std::string& cell : row) cell = without_control_characters(cell);
    std::vector<std::size_t> widths = column_widths(rows);
    std::string text;
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            text += row[i];
            bool last = i + 1 == row.size();
            if (!last) text.append(widths[i] - width_of(row[i]) + 2, ' ');
        }
        text.erase(text.find_last_not_of(' ') + 1);
        text += '\n';
    }
    return text;
}

std::string printable(const std::string& text) {
    return without_control_characters(text, "\n\t");
}

}  // namespace reviver::cli
