// The first exchange on a connection: each end says which versions it speaks and who it is, and
// both come to the same conclusion by themselves.
#pragma once

#include "wire/connection.h"
#include "wire/identity.h"
#include "wire/messages.h"

#include <cstdint>

namespace reviver::wire {

// The newest version that both ranges hold. Error not_supported, which says who has to be updated.
std::uint32_t common_version(std::uint32_t ours_min, std::uint32_t ours_max,
                             std::uint32_t theirs_min, std::uint32_t theirs_max);

// The asking end: sends our hello, reads the peer's, agrees. Errors: not_supported without a common
// version; what a refusal of the peer says; protocol, corrupt, timeout, unavailable.
Peer greet(Connection& connection, const Site& self, std::uint64_t window_bytes);

// The serving end takes these steps one by one: it answers a hello only when it has nothing against
// it, so that a peer that was greeted has been let in.
Hello receive_hello(Connection& connection);
void send_hello(Connection& connection, const Site& self, std::uint64_t window_bytes);
Peer agree_with(const Hello& theirs, const Fingerprint& fingerprint);

}  // namespace reviver::wire
