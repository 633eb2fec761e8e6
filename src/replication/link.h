// Connections to a paired site, with the peer's answers put into words about the relationship.
#pragma once

#include "replication/context.h"
#include "replication/control.h"
#include "replication/limits.h"

#include <memory>

namespace reviver::replication {

// For the traffic of a collection, which keeps to its limit. Code::not_found when no such site is
// paired, otherwise what wire says.
std::unique_ptr<wire::PeerLink> connect(Context& context, const Collection& collection,
                                        const std::string& peer_name);
// For a question of the site, to another address than is known of the peer.
std::unique_ptr<wire::PeerLink> connect(Context& context, const Peer& peer,
                                        const sys::Endpoint& at);

// Asks "hello" for the collection. Code::stale_epoch when the other side has gone on without us,
// Code::invalid_state when it is failed over or is no recovery side.
control::HelloAnswer greet(Context& context, wire::PeerLink& link, const Collection& collection);

std::string ask(Context& context, wire::PeerLink& link, const char* method, const std::string& body,
                sys::Duration patience = limits::call_patience);

}  // namespace reviver::replication
