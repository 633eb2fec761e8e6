// The witness in a guest, run as its first and only program.
//
// A guest writes record n when it holds token n, and only a token that continues the history on its
// own disks counts: its predecessors must be the very records it knows. So the ring needs no leader
// and no recovery of its own. Whoever was killed reads its newest record and offers the token after
// it; what is lost is offered again; what belongs to another history, as when a copy of the group
// runs at a second site, fits nowhere and is ignored.
#include "witness/guest/agent.h"
#include "witness/guest/boot.h"
#include "witness/guest/disks.h"
#include "witness/guest/load.h"
#include "witness/guest/power.h"
#include "witness/guest/ring.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace reviver::witness {
namespace {

constexpr std::int64_t kOfferAgainMs = 200;
constexpr std::int64_t kStatusMs = 1000;
constexpr std::int64_t kNever = INT64_MAX;

class Witness {
  public:
    explicit Witness(const Settings& settings)
        : settings_(settings),
          disks_(settings),
          agent_(settings),
          last_(disks_.newest()),
          boot_(last_.boot + 1) {
        if (settings_.guests > 1) ring_.emplace();
        say("vm %u of %u in group %s: boot %u, last record %llu", settings_.vm, settings_.guests,
            settings_.group.c_str(), boot_, static_cast<unsigned long long>(last_.number));
        if (settings_.agent != 0) disks_.mark(false);
        if (last_.number == 0 && expected() == 1) accept(genesis());
    }

    [[noreturn]] void run() {
        for (;;) {
            wait();
            if (power_.pressed()) shut_down("the power button");
            heed(agent_.take());
            if (monotonic_ms() >= status_at_) status();
            if (!quiesced_) take_part();
        }
    }

  private:
    void take_part() {
        if (ring_) take_tokens();
        const std::int64_t now = monotonic_ms();
        if (now >= write_at_) write();
        if (now >= offer_at_) offer();
    }

    void shut_down(const char* asked_by) {
        say("asked to shut down by %s", asked_by);
        if (settings_.deaf == 0) power_off();
    }

    void heed(Wish wish) {
        switch (wish) {
            case Wish::nothing:
                return;
            case Wish::quiesce:
                disks_.mark(true);
                quiesced_ = true;
                say("quiesced at record %llu", static_cast<unsigned long long>(last_.number));
                break;
            case Wish::go_on:
                disks_.mark(false);
                quiesced_ = false;
                say("goes on");
                break;
            case Wish::shut_down:
                shut_down("the guest agent");
                break;
        }
        agent_.answer();
    }

    // The number of the record that is this guest's next.
    std::uint64_t expected() const {
        if (last_.number != 0) return last_.number + settings_.guests;
        return settings_.vm == 0 ? settings_.guests : settings_.vm;
    }

    Token genesis() const {
        Token token{};
        token.number = 1;
        return token;
    }

    bool continues(const Token& token) const {
        if (token.number != expected()) return false;
        return last_.number == 0 || token.chain[settings_.guests - 1] == last_.chain[0];
    }

    // A token that was taken is written after the group's interval; its doubles change nothing.
    void accept(const Token& token) {
        if (!continues(token) || write_at_ != kNever) return;
        token_ = token;
        write_at_ = monotonic_ms() + 1000 / settings_.records_per_second;
        offer_at_ = kNever;
    }

    void take_tokens() {
        while (auto token = ring_->receive(settings_.group.c_str())) accept(*token);
    }

    void write() {
        Record record{};
        std::memcpy(record.magic, kRecordMagic, sizeof(record.magic));
        record.version = kVersion;
        std::memcpy(record.group, settings_.group.data(), settings_.group.size());
        record.number = token_.number;
        const std::uint32_t disk = disks_.layout().disk_of(record.number);
        record.place = disks_.header(disk).place;
        record.written_at_ns = wall_ns();
        record.nonce = mix(static_cast<std::uint64_t>(record.written_at_ns) ^ mix(settings_.vm));
        record.boot = boot_;
        record.chain[0] = chain_value(token_.chain[0], record.number, record.nonce);
        std::copy_n(token_.chain, kGuestsMax - 1, record.chain + 1);
        fill(record);
        seal(record);
        disks_.write(record);
        last_ = record;
        write_at_ = kNever;
        offer();
    }

    // Passes the token on. Nobody confirms it, so it is offered again until the ring brings the
    // next one round.
    void offer() {
        offer_at_ = monotonic_ms() + kOfferAgainMs;
        if (last_.number == 0) return;
        Token token{};
        std::memcpy(token.magic, kTokenMagic, sizeof(token.magic));
        token.version = kVersion;
        std::memcpy(token.group, settings_.group.data(), settings_.group.size());
        token.number = last_.number + 1;
        std::copy_n(last_.chain, kGuestsMax, token.chain);
        seal(token);
        if (ring_) {
            ring_->send(token);
        } else {
            accept(token);
        }
    }

    void status() {
        status_at_ = monotonic_ms() + kStatusMs;
        say("record %llu", static_cast<unsigned long long>(last_.number));
    }

    void wait() const {
        pollfd waits[2 + PowerButton::kDevicesMax];
        for (int index = 0; index < PowerButton::kDevicesMax; ++index) {
            waits[index] = {power_.device(index), POLLIN, 0};
        }
        waits[PowerButton::kDevicesMax] = {ring_ && !quiesced_ ? ring_->file() : -1, POLLIN, 0};
        waits[PowerButton::kDevicesMax + 1] = {agent_.file(), POLLIN, 0};
        const std::int64_t next =
            quiesced_ ? status_at_ : std::min({write_at_, offer_at_, status_at_});
        const std::int64_t due = next - monotonic_ms();
        poll(waits, 2 + PowerButton::kDevicesMax,
             static_cast<int>(std::clamp<std::int64_t>(due, 0, kStatusMs)));
    }

    Settings settings_;
    Disks disks_;
    PowerButton power_;
    AgentDoor agent_;
    std::optional<Ring> ring_;
    Record last_;  // the newest one of this guest
    std::uint32_t boot_;
    Token token_{};  // held while write_at_ is set
    std::int64_t write_at_ = kNever;
    std::int64_t offer_at_ = 0;
    std::int64_t status_at_ = 0;
    bool quiesced_ = false;  // neither writes nor takes tokens
};

}  // namespace
}  // namespace reviver::witness

int main(int count, char** arguments) {
    using namespace reviver::witness;
    if (getpid() != 1) return run_hook(count, arguments);
    boot();
    const Settings settings = read_settings();
    start_load(settings);
    Witness(settings).run();
}
