// A CIM datetime: a point in time or an interval, to the microsecond. DSP0004 5.2.4.
//
//   20250102030405.000001+060   timestamp; the offset from UTC is in minutes
//   00000001020304.000005:000   interval: 8 digits of days, hours, minutes, seconds
//
// Digits that are not significant are asterisks; they can only be at the end, and count as the
// smallest value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reviver::cim {

class DateTime {
  public:
    static DateTime at(std::int64_t microseconds_since_1970_utc);
    static DateTime interval(std::int64_t microseconds);
    // The 25 characters; nullopt for anything else.
    static std::optional<DateTime> parse(std::string_view text);
    // As in XML Schema: "2025-01-02T03:04:05.000001Z", a bare date, or a duration "P1DT2H3M4.5S". A
    // duration with years or months, and a negative one, are no CIM intervals.
    static std::optional<DateTime> parse_iso(std::string_view text);

    bool is_interval() const { return interval_; }
    std::int64_t microseconds() const { return microseconds_; }  // since 1970 UTC, or the length
    bool has_wildcards() const { return significant_digits_ < digits; }

    std::string text() const;  // 25 characters
    std::string iso_text()
        const;  // timestamps in UTC with "Z"; what wildcards hide is written as zero

    bool operator==(const DateTime& other) const {
        return interval_ == other.interval_ && microseconds_ == other.microseconds_;
    }

  private:
    static constexpr int digits = 20;  // 14 before the point, 6 behind it
    DateTime(std::int64_t microseconds, bool interval)
        : microseconds_(microseconds), interval_(interval) {}

    std::int64_t microseconds_;
    std::int16_t offset_minutes_ = 0;  // how a timestamp is printed; the instant is the same
    std::int16_t significant_digits_ = digits;
    bool interval_;
};

}  // namespace reviver::cim
