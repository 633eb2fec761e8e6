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
};

// Mounts /proc and /dev, opens the console and loads the drivers. Called first, by process 1.
void boot();
Settings read_settings();

void say(const char* format, ...) __attribute__((format(printf, 1, 2)));
// Says why, and switches the guest off: a witness that cannot do its work must not look alive.
[[noreturn]] void die(const char* format, ...) __attribute__((format(printf, 1, 2)));
[[noreturn]] void power_off();

std::int64_t monotonic_ms();
std::int64_t wall_ns();

}  // namespace reviver::witness
