#include "witness/guest/agent.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace reviver::witness {
namespace {

constexpr char kDoorName[] = "\0witness";  // an abstract name: it needs no file system
constexpr unsigned kFileBytes = 4096;
constexpr unsigned kFileBlocks = 256;

sockaddr_un door_address() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, kDoorName, sizeof(kDoorName) - 1);
    return address;
}

socklen_t address_bytes() {
    return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + sizeof(kDoorName) - 1);
}

int listen_at_the_door() {
    const int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const sockaddr_un address = door_address();
    if (listening < 0 ||
        bind(listening, reinterpret_cast<const sockaddr*>(&address), address_bytes()) != 0 ||
        listen(listening, 4) != 0) {
        die("agent: no door for the hook: %s", strerror(errno));
    }
    return listening;
}

// A process of its own: what it writes stands still while the file system is frozen.
[[noreturn]] void write_files_for_ever() {
    const int file = open("/files/log", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) die("agent: no file: %s", strerror(errno));
    char block[kFileBytes];
    std::int64_t said_at = 0;
    for (unsigned long long count = 1;; ++count) {
        std::memset(block, static_cast<int>('a' + count % 26), sizeof(block));
        const off_t at = static_cast<off_t>(count % kFileBlocks * kFileBytes);
        if (pwrite(file, block, sizeof(block), at) < 0 || fsync(file) != 0)
            die("agent: cannot write a file: %s", strerror(errno));
        usleep(20000);
        if (monotonic_ms() - said_at < 500) continue;
        said_at = monotonic_ms();
        say("files %llu", count);
    }
}

void mount_files(const Settings& settings) {
    char device[] = "/dev/vda";
    device[7] = static_cast<char>('a' + settings.disks);
    mkdir("/files", 0755);
    for (int attempt = 0; attempt < 500 && access(device, F_OK) != 0; ++attempt) usleep(20000);
    if (mount(device, "/files", "ext4", 0, nullptr) != 0)
        die("agent: cannot mount %s: %s", device, strerror(errno));
    const pid_t child = fork();
    if (child < 0) die("agent: cannot fork");
    if (child == 0) write_files_for_ever();
}

std::string find_port() {
    std::string found;
    DIR* directory = opendir("/dev");
    while (const dirent* entry = directory == nullptr ? nullptr : readdir(directory)) {
        if (strncmp(entry->d_name, "vport", 5) == 0) found = std::string("/dev/") + entry->d_name;
    }
    if (directory != nullptr) closedir(directory);
    return found;
}

void start_agent() {
    std::string port;
    for (int attempt = 0; attempt < 500 && port.empty(); ++attempt) {
        port = find_port();
        if (port.empty()) usleep(20000);
    }
    if (port.empty()) die("agent: no channel of the guest agent");
    mkdir("/run", 0755);
    const pid_t child = fork();
    if (child < 0) die("agent: cannot fork");
    if (child != 0) return;
    signal(SIGCHLD, SIG_DFL);  // it waits for its hooks
    execl("/usr/sbin/qemu-ga", "qemu-ga", "-m", "virtio-serial", "-p", port.c_str(), "-t", "/run",
          "--fsfreeze-hook=/etc/qemu/fsfreeze-hook", nullptr);
    die("agent: cannot start: %s", strerror(errno));
}

bool ends_with(const char* text, const char* end) {
    const std::size_t length = strlen(text);
    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

Wish wish_of(int count, char** arguments) {
    if (ends_with(arguments[0], "shutdown")) return Wish::shut_down;
    if (count > 1 && strcmp(arguments[1], "freeze") == 0) return Wish::quiesce;
    if (count > 1 && strcmp(arguments[1], "thaw") == 0) return Wish::go_on;
    return Wish::nothing;
}

}  // namespace

AgentDoor::AgentDoor(const Settings& settings) {
    if (settings.agent == 0) return;
    signal(SIGCHLD, SIG_IGN);
    load_module("virtio_console");
    listening_ = listen_at_the_door();
    mount_files(settings);
    start_agent();
}

Wish AgentDoor::take() {
    if (listening_ < 0) return Wish::nothing;
    const int asking = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    if (asking < 0) return Wish::nothing;
    char wish = 0;
    if (read(asking, &wish, 1) != 1) {
        close(asking);
        return Wish::nothing;
    }
    asking_ = asking;
    return static_cast<Wish>(wish);
}

void AgentDoor::answer() {
    const char done = 'd';
    if (write(asking_, &done, 1) != 1) say("agent: a hook went away");
    close(asking_);
    asking_ = -1;
}

int run_hook(int count, char** arguments) {
    const Wish wish = wish_of(count, arguments);
    if (wish == Wish::nothing) return 2;
    const Settings settings = read_settings();
    if (wish == Wish::quiesce && settings.hang_s > 0) {
        say("the hook hangs");
        sleep(settings.hang_s);
    }
    const int door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = door_address();
    const char asked = static_cast<char>(wish);
    char answer = 0;
    const bool done =
        connect(door, reinterpret_cast<const sockaddr*>(&address), address_bytes()) == 0 &&
        write(door, &asked, 1) == 1 && read(door, &answer, 1) == 1;
    return done ? 0 : 1;
}

}  // namespace reviver::witness
