#include "witness/guest/ring.h"

#include "witness/guest/boot.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace reviver::witness {
namespace {

constexpr std::uint16_t kEtherType = 0x88b5;  // IEEE 802: local experimental

int index_of_eth0(int file) {
    ifreq request{};
    std::strcpy(request.ifr_name, "eth0");
    for (int attempt = 0; attempt < 500; ++attempt) {
        if (ioctl(file, SIOCGIFINDEX, &request) == 0) return request.ifr_ifindex;
        usleep(20000);
    }
    die("no network interface");
}

void bring_up(int file) {
    ifreq request{};
    std::strcpy(request.ifr_name, "eth0");
    ioctl(file, SIOCGIFFLAGS, &request);
    request.ifr_flags |= IFF_UP;
    if (ioctl(file, SIOCSIFFLAGS, &request) != 0) die("cannot bring up eth0: %s", strerror(errno));
}

sockaddr_ll broadcast(int interface) {
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(kEtherType);
    address.sll_ifindex = interface;
    address.sll_halen = ETH_ALEN;
    std::memset(address.sll_addr, 0xff, ETH_ALEN);
    return address;
}

}  // namespace

Ring::Ring()
    : file_(socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(kEtherType))) {
    if (file_ < 0) die("no packet socket: %s", strerror(errno));
    interface_ = index_of_eth0(file_);
    bring_up(file_);
    const sockaddr_ll address = broadcast(interface_);
    if (bind(file_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
        die("cannot listen on eth0: %s", strerror(errno));
    }
}

void Ring::send(const Token& token) {
    const sockaddr_ll address = broadcast(interface_);
    // A frame that cannot be sent is a lost frame; the token is sent again anyway.
    (void)!sendto(file_, &token, sizeof(token), 0, reinterpret_cast<const sockaddr*>(&address),
                  sizeof(address));
}

std::optional<Token> Ring::receive(const char* group) {
    Token token{};
    ssize_t length = 0;
    while ((length = recv(file_, &token, sizeof(token), 0)) >= 0) {
        if (length != ssize_t{sizeof(token)}) continue;
        if (std::memcmp(token.magic, kTokenMagic, sizeof(token.magic)) != 0) continue;
        if (std::strncmp(token.group, group, sizeof(token.group)) != 0) continue;
        if (token.version == kVersion && sealed(token)) return token;
    }
    return std::nullopt;
}

}  // namespace reviver::witness
