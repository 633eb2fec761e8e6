#include "witness/guest/boot.h"

#include "witness/record.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace reviver::witness {
namespace {

// Each one needs those before it.
constexpr const char* kModules[] = {
    "virtio_ring",
    "virtio",
    "virtio_pci_modern_dev",
    "virtio_pci_legacy_dev",
    "virtio_pci",
    "virtio_blk",
    "failover",
    "net_failover",
    "virtio_net",
    "button",
    "evdev",
};

void open_console() {
    const int console = open("/dev/console", O_RDWR);
    if (console < 0) return;
    for (int standard = 0; standard < 3; ++standard) dup2(console, standard);
    if (console > 2) close(console);
}

std::uint32_t number_of(const char* name, const char* text, std::uint32_t max) {
    char* end = nullptr;
    const unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end != '\0' || value > max)
        die("witness.%s=%s: at most %u", name, text, max);
    return static_cast<std::uint32_t>(value);
}

void apply(Settings& settings, const char* name, const char* value) {
    struct Known {
        const char* name;
        std::uint32_t* to;
        std::uint32_t max;
    };
    const Known known[] = {
        {"guests", &settings.guests, kGuestsMax},
        {"vm", &settings.vm, kGuestsMax - 1},
        {"disks", &settings.disks, kDisksMax},
        {"slots", &settings.slots, kSlotsMax},
        {"rate", &settings.records_per_second, 1000},
        {"load", &settings.load_per_second, 100000},
        {"shared", &settings.shared, 1},
        {"agent", &settings.agent, 1},
        {"hang", &settings.hang_s, 3600},
        {"deaf", &settings.deaf, 1},
    };
    if (strcmp(name, "group") == 0) {
        if (strlen(value) >= kGroupNameBytes) die("witness.group=%s: too long", value);
        settings.group = value;
        return;
    }
    for (const auto& each : known) {
        if (strcmp(name, each.name) == 0) {
            *each.to = number_of(name, value, each.max);
            return;
        }
    }
    die("witness.%s: no such setting", name);
}

void say_list(const char* format, va_list arguments) {
    char line[256];
    const int length = vsnprintf(line, sizeof(line), format, arguments);
    if (length < 0) return;
    dprintf(1, "witness: %s\n", line);
}

}  // namespace

void load_module(const char* name) {
    const std::string path = std::string("/modules/") + name + ".ko";
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) die("no module %s in the initramfs", name);
    if (syscall(SYS_finit_module, file, "", 0) != 0 && errno != EEXIST) {
        die("cannot load module %s: %s", name, strerror(errno));
    }
    close(file);
}

void boot() {
    mkdir("/proc", 0755);
    mkdir("/dev", 0755);
    mount("proc", "/proc", "proc", 0, nullptr);
    mount("dev", "/dev", "devtmpfs", 0, nullptr);
    open_console();
    for (const char* name : kModules) load_module(name);
}

Settings read_settings() {
    char text[2048] = {};
    const int file = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
    const ssize_t length = read(file, text, sizeof(text) - 1);
    close(file);
    if (length <= 0) die("cannot read /proc/cmdline");
    Settings settings;
    char* rest = nullptr;
    for (char* word = strtok_r(text, " \n", &rest); word; word = strtok_r(nullptr, " \n", &rest)) {
        char* value = strchr(word, '=');
        if (strncmp(word, "witness.", 8) != 0 || value == nullptr) continue;
        *value++ = '\0';
        apply(settings, word + 8, value);
    }
    if (settings.guests == 0 || settings.vm >= settings.guests)
        die("witness.vm is not below witness.guests");
    if (settings.disks == 0 || settings.records_per_second == 0)
        die("witness.disks and witness.rate are at least 1");
    return settings;
}

void say(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say_list(format, arguments);
    va_end(arguments);
}

void die(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say_list(format, arguments);
    va_end(arguments);
    power_off();
}

void power_off() {
    say("power off");
    reboot(RB_POWER_OFF);
    for (;;) pause();
}

std::int64_t monotonic_ms() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1000000;
}

std::int64_t wall_ns() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return std::int64_t{now.tv_sec} * 1000000000 + now.tv_nsec;
}

}  // namespace reviver::witness
