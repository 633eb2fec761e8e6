#include "cli/progress.h"

#include "cli/text_format.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <ostream>

namespace reviver::cli {
namespace {

constexpr std::size_t bar_width = 20;
constexpr std::size_t default_columns = 80;
constexpr const char* start_of_cleared_line = "\r\033[K";

std::size_t terminal_columns() {
    winsize size{};
    bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : default_columns;
}

}  // namespace

std::string progress_line(const std::string& title, unsigned percent, std::chrono::seconds elapsed,
                          const std::string& status, std::size_t columns) {
    percent = std::min(percent, 100u);
    std::size_t filled = bar_width * percent / 100;
    std::string line = fmt::format("{}  [{}{}] {:3} %  {}:{:02}", title, std::string(filled, '#'),
                                   std::string(bar_width - filled, ' '), percent,
                                   elapsed.count() / 60, elapsed.count() % 60);
    if (!status.empty()) line += "  " + printable(status);
    std::replace(line.begin(), line.end(), '\n', ' ');
    return line.substr(0, columns);
}

ProgressBar::ProgressBar(const Console& console, std::string title)
    : console_(console), title_(std::move(title)) {}

ProgressBar::~ProgressBar() {
    if (drawn_) console_.err << start_of_cleared_line << std::flush;
}

void ProgressBar::show(unsigned percent, std::chrono::seconds elapsed, const std::string& status) {
    if (!console_.shows_progress) return;
    drawn_ = true;
    console_.err << start_of_cleared_line
                 << progress_line(title_, percent, elapsed, status, terminal_columns() - 1)
                 << std::flush;
}

}  // namespace reviver::cli
