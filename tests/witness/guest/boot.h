// The first program of the guest: what an init has to do before the witness can work.
#pragma once

#include <cstdint>
#include <string>

namespace reviver::witness {

// From the kernel command line: witness.group=NAME witness.vm=0 witness.guests=2 ...
struct Settings {
    std::string group = "group";
    std::uint32_t guests = 1;
    std::uint32_t vm = 0;
    std::uint32_t disks = 2;
    std::uint32_t slots = 512;
    std::uint32_t records_per_second = 30;  // of the whole group; at most, as the guests keep up
    std::uint32_t load_per_second = 0;      // further 4 KiB writes of this guest, at random places
    std::uint32_t shared = 0;  // 1: the last disk is that of all guests, each has a part of it
    std::uint32_t agent = 0;   // 1: a guest agent, see agent.h
    std::uint32_t hang_s = 0;  // the agent's hook hangs for so long before a freeze
    std::uint32_t deaf = 0;    // 1: does not shut down, whoever asks
};

// Mounts /proc and /dev, opens the console and loads the drivers. Called first, by process 1.
void boot();
Settings read_settings();
void load_module(const char* name);

void say(const char* format, ...) __attribute__((format(printf, 1, 2)));
// Says why, and switches the guest off: a witness that cannot do its work must not look alive.
[[noreturn]] void die(const char* format, ...) __attribute__((format(printf, 1, 2)));
[[noreturn]] void power_off();

std::int64_t monotonic_ms();
std::int64_t wall_ns();

}  // namespace reviver::witness
