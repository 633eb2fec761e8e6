#include "cli/words.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace reviver::cli {
namespace {

struct Word {
    std::uint64_t number;
    std::string_view word;
};

template <std::size_t N>
std::string word_for(const std::array<Word, N>& words, std::uint64_t number) {
    for (const Word& word : words) {
        if (word.number == number) return std::string(word.word);
    }
    return fmt::format("unknown ({})", number);
}

constexpr std::uint64_t replica = 2;
constexpr std::uint64_t test_replica = 3;
constexpr std::uint64_t failover_initiated = 4;

constexpr std::array states = {
    Word{0, "not replicated"},
    Word{1, "ready, initial replication not started"},
    Word{2, "initial replication"},
    Word{3, "replicating"},
    Word{4, "prepared for planned failover"},
    Word{5, "failed over, not committed"},
    Word{6, "failed over, committed"},
    Word{7, "suspended"},
    Word{8, "critical"},
    Word{9, "waiting to resynchronize"},
    Word{10, "resynchronizing"},
    Word{11, "planned failover under way"},
    Word{12, "prepared for reverse"},
    Word{13, "test failover under way"},
    Word{14, "partially enabled"},
    Word{15, "partially disabled"},
    Word{16, "partially failed over"},
};
constexpr std::array modes = {Word{0, "none"}, Word{1, "primary"}, Word{2, "replica"},
                              Word{3, "test replica"}};
constexpr std::array healths = {Word{0, "not replicating"}, Word{1, "ok"}, Word{2, "warning"},
                                Word{3, "critical"}};
constexpr std::array powers = {Word{2, "running"}, Word{3, "off"},       Word{4, "shutting down"},
                               Word{6, "saved"},   Word{9, "paused"},    Word{10, "starting"},
                               Word{0, "unknown"}, Word{32768, "paused"}};
constexpr std::array job_states = {
    Word{2, "new"},       Word{3, "starting"},
    Word{4, "running"},   Word{5, "suspended"},
    Word{6, "stopping"},  Word{7, "completed"},
    Word{8, "cancelled"}, Word{9, "killed"},
    Word{10, "failed"},   Word{32768, "completed with warnings"},
};
constexpr std::array consistencies = {Word{0, "unknown"}, Word{1, "application"}, Word{2, "crash"},
                                      Word{3, "group crash"}};
constexpr std::array refusals = {
    Word{1, "not supported"},
    Word{32768, "failed; the log of reviverd says why"},
    Word{32769, "access denied; this account, or this site at its peer, may not do that"},
    Word{32770, "not supported for this object"},
    Word{32771, "its status is unknown"},
    Word{32772, "it took too long; try again"},
    Word{32773, "invalid parameter; `reviver peers`, `vm list` and `points` show what there is"},
    Word{32774, "in use; another operation is running, `reviver job list` shows it"},
    Word{32775, "not possible in the present state; `reviver status` shows it"},
    Word{32776, "incorrect data type"},
    Word{32777, "a system that is needed cannot be reached"},
    Word{32778, "out of memory; a limit of this site is reached"},
    Word{32779, "file not found"},
};

}  // namespace

std::string state_words(std::uint64_t replication_state, std::uint64_t replication_mode) {
    if (replication_state == failover_initiated && replication_mode == replica) {
        return "failover under way";
    }
    if (replication_mode == test_replica) return "test";
    return word_for(states, replication_state);
}

std::string mode_words(std::uint64_t replication_mode) {
    return word_for(modes, replication_mode);
}

std::string health_words(std::uint64_t replication_health) {
    return word_for(healths, replication_health);
}

std::string power_words(std::uint64_t enabled_state) {
    return word_for(powers, enabled_state);
}

std::string job_state_words(std::uint64_t job_state) {
    return word_for(job_states, job_state);
}

std::string consistency_words(std::uint64_t consistency_level) {
    return word_for(consistencies, consistency_level);
}

std::string refusal_words(std::uint32_t return_value) {
    return word_for(refusals, return_value);
}

}  // namespace reviver::cli
