// The audit log of a site, as it is written: one line after the other, each on the disk when
// append() returns.
//
// A line that was being written when the machine stopped is left as it is, and the line after it,
// of the event "sealed", says what it was: nothing is ever changed or removed. A log that cannot be
// continued (the disk is full, its end was tampered with) refuses every line with an Error that
// says so and what to do; it is tried again with each.
//
// Threads: any.
#pragma once

#include "audit/limits.h"
#include "audit/line.h"
#include "sys/descriptor.h"

#include <filesystem>
#include <mutex>
#include <string>

namespace reviver::audit {

class AuditLog {
  public:
    // Makes the directory when it is not there, and continues the chain of the last line.
    explicit AuditLog(std::filesystem::path directory,
                      std::uint64_t file_bytes_max = limits::file_bytes_max);

    // The number of the line. Error(unavailable): it could not be kept.
    std::uint64_t append(const boost::json::object& what);

  private:
    void append_or_throw(const boost::json::object& what);
    void open();
    void begin_file();
    void continue_file(const std::string& text);
    void take_up_after_full_files();
    void write(const std::string& line);
    void put_aside();
    void sync_directory() const;

    const std::filesystem::path directory_;
    const std::uint64_t file_bytes_max_;
    std::mutex mutex_;
    sys::Descriptor file_;  // none: to be opened with the next line
    std::uint64_t size_bytes_ = 0;
    std::uint64_t first_line_ = 0;  // of the current file
    Link last_;
};

}  // namespace reviver::audit
