#include "base/log.h"

#include "base/control_characters.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <memory>

namespace reviver {

namespace {

// sd-daemon(3): a line may begin with its syslog priority in angle brackets.
class JournalPriority : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& message, const std::tm&,
                spdlog::memory_buf_t& to) override {
        to.push_back('<');
        to.push_back(priority(message.level));
        to.push_back('>');
    }
    std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<JournalPriority>();
    }

  private:
    static char priority(level_enum level) {
        if (level >= level_enum::err) return '3';
        if (level == level_enum::warn) return '4';
        return level == level_enum::info ? '6' : '7';
    }
};

// One event is one line, whatever the names in it are.
class OneLine : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& message, const std::tm&,
                spdlog::memory_buf_t& to) override {
        const std::string text =
            without_control_characters({message.payload.data(), message.payload.size()});
        to.append(text.data(), text.data() + text.size());
    }
    std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<OneLine>();
    }
};

}  // namespace

void set_up_log(level_enum level, bool for_journal) {
    auto logger = spdlog::stderr_color_mt("reviver");
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<JournalPriority>('*').add_flag<OneLine>('_');
    formatter->set_pattern(for_journal ? "%*%_" : "%Y-%m-%dT%H:%M:%S.%e %^%-7l%$ %_");
    logger->set_formatter(std::move(formatter));
    logger->set_level(level);
    logger->flush_on(level_enum::debug);
    spdlog::set_default_logger(std::move(logger));
}

}  // namespace reviver
