#include "audit/verify.h"

#include "audit/files.h"
#include "base/error.h"

#include <optional>

namespace reviver::audit {

namespace {

class Chain {
  public:
    explicit Chain(const std::string& expected) : expected_(expected) {}

    void add(std::string_view text) {
        try {
            const Line line = parse_line(text);
            if (torn_) check_seal(line);
            add_line(line);
        } catch (const Error& error) {
            // A write that was cut off lacks its end; what has its end was changed.
            if (torn_ || !is_torn(text)) throw;
            torn_ = text;
            why_ = error.what();
        }
    }

    // A line without its newline: cut off, if nothing follows.
    void add_end(std::string_view text) {
        if (torn_) fail(Code::corrupt, "{}", why_);
        verdict_.torn_end = !text.empty();
    }

    Verdict verdict() const { return verdict_; }

  private:
    void add_line(const Line& line) {
        if (verdict_.lines == 0) {
            verdict_.before = {line.link.number - 1, line.previous};
        } else if (line.previous != verdict_.last.hash) {
            fail(Code::corrupt, "line {} does not continue line {}: lines are missing or moved",
                 line.link.number, verdict_.last.number);
        }
        const std::uint64_t expected_number =
            verdict_.lines == 0 ? line.link.number : verdict_.last.number + 1;
        if (line.link.number != expected_number) fail(Code::corrupt, "the numbers have a gap");
        if (line.link.number == 1 && line.previous != Link{}.hash) {
            fail(Code::corrupt, "the first line continues another one");
        }
        verdict_.last = line.link;
        verdict_.contains_expected |= line.link.hash == expected_;
        ++verdict_.lines;
    }

    void check_seal(const Line& line) {
        const auto* event = line.fields.if_contains("event");
        const auto* hash = line.fields.if_contains("torn_sha256");
        const bool seals = event && event->is_string() && event->as_string() == "sealed" && hash &&
                           hash->is_string() && hash->as_string() == sha256_hex(*torn_);
        if (!seals) fail(Code::corrupt, "{}, and the line after it does not seal it", why_);
        torn_.reset();
        ++verdict_.torn_lines;
    }

    const std::string& expected_;
    Verdict verdict_;
    std::optional<std::string> torn_;  // waits for its seal
    std::string why_;
};

}  // namespace

Verdict verify(const std::vector<std::filesystem::path>& files, const std::string& expected) {
    Chain chain(expected);
    for (const auto& file : files) {
        const std::string text = read_file(file);
        std::size_t number = 0;
        std::string_view rest = text;
        try {
            for (auto end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
                ++number;
                chain.add(rest.substr(0, end));
                rest.remove_prefix(end + 1);
            }
            if (&file == &files.back())
                chain.add_end(rest);
            else if (!rest.empty())
                fail(Code::corrupt, "its end is missing");
        } catch (Error& error) {
            error.add_context(fmt::format("{}:{}", file.string(), number));
            throw;
        }
    }
    return chain.verdict();
}

}  // namespace reviver::audit
