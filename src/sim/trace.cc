#include "sim/trace.h"

#include "base/bytes.h"
#include "base/checksum.h"
#include "sim/limits.h"

#include <fmt/format.h>

namespace reviver::sim {

namespace {

double in_ms(sys::MonoTime time) {
    return static_cast<double>(time.time_since_epoch().count()) / 1000;
}

}  // namespace

void Trace::add(sys::MonoTime time, std::uint32_t fiber, std::string_view what, std::uint64_t a,
                std::uint64_t b) {
    mix(static_cast<std::uint64_t>(time.time_since_epoch().count()));
    mix(fiber);
    mix(what.empty() ? 0 : static_cast<std::uint64_t>(what.front()) << 8 | what.size());
    mix(a);
    mix(b);
    // The most frequent ones say the least.
    if (what == "runs" || what == "file read") return;
    steps_.push_back({time, fiber, what, a, b});
    if (steps_.size() > trace_steps_max) steps_.pop_front();
}

void Trace::note(sys::MonoTime time, std::string text) {
    mix(xxh3(bytes_of(text)));
    notes_.push_back(fmt::format("{:12.3f} ms  {}\n", in_ms(time), text));
    if (loud_) fmt::print("{}", notes_.back());
    if (notes_.size() > trace_notes_max) notes_.pop_front();
}

std::string Trace::tail() const {
    std::string result;
    for (const std::string& note : notes_) result += note;
    result += "the last steps:\n";
    for (const Step& step : steps_) {
        result += fmt::format("{:12.3f} ms  #{:<3} {} {} {}\n", in_ms(step.time), step.fiber,
                              step.what, step.a, step.b);
    }
    return result;
}

void Trace::mix(std::uint64_t value) {
    hash_ = (hash_ ^ value) * 0x9e3779b97f4a7c15;
    hash_ ^= hash_ >> 29;
}

}  // namespace reviver::sim
