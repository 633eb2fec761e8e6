// What every part of the engine is given: the site it works for and the things it works with. All
// outlive the engine.
#pragma once

#include "replication/jobs.h"
#include "replication/machines.h"
#include "replication/observer.h"
#include "replication/peers.h"
#include "replication/policy.h"
#include "state/repository.h"
#include "store/store.h"
#include "sys/world.h"
#include "wire/client.h"

#include <functional>
#include <memory>
#include <string>

namespace reviver::replication {

struct SiteIdentity {
    std::string name;
    std::string id;             // UUID text, made when the site was
    std::string fingerprint;    // of its certificate
    sys::Endpoint endpoint;     // where other sites reach it
    std::string certificate{};  // that proves it to them, PEM
    sys::Path replicas{};       // the directory where replicas are kept
};

struct Context {
    sys::World& world;
    SiteIdentity site;
    state::Repository& repository;
    store::Store& store;
    Machines& machines;
    // Connects to a site that proves the fingerprint, and exchanges greetings with it. Every byte
    // is paid to the site's limit, and to `own` (null: none).
    std::function<std::unique_ptr<wire::PeerLink>(const sys::Endpoint&, const wire::Fingerprint&,
                                                  sys::MonoTime deadline,
                                                  std::shared_ptr<wire::BandwidthLimit> own)>
        dial;
    // Asks whoever answers there for the fingerprint of its certificate, trusting it in nothing.
    std::function<std::string(const sys::Endpoint&)> fetch_fingerprint;
    Jobs& jobs;
    Peers& peers;
    Observer& observer = nobody();
    std::shared_ptr<Policy> policy{};  // null: the engine makes one that limits nothing
};

}  // namespace reviver::replication
