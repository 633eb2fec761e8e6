// A bar on a terminal, redrawn in place: "failover of shop  [#####     ]  52 %  0:12  copying vda".
#pragma once

#include "cli/console.h"

#include <chrono>
#include <string>

namespace reviver::cli {

// One line of at most `columns` characters, without an end of line.
std::string progress_line(const std::string& title, unsigned percent, std::chrono::seconds elapsed,
                          const std::string& status, std::size_t columns);

// Draws where the console shows progress, otherwise does nothing. The line is wiped at the end.
class ProgressBar {
  public:
    ProgressBar(const Console& console, std::string title);
    ~ProgressBar();
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;

    void show(unsigned percent, std::chrono::seconds elapsed, const std::string& status);

  private:
    const Console& console_;
    std::string title_;
    bool drawn_ = false;
};

}  // namespace reviver::cli
