#include "replication/link.h"

namespace reviver::replication {

namespace {

std::unique_ptr<wire::PeerLink> dial(Context& context, const Peer& peer, const sys::Endpoint& at,
                                     std::shared_ptr<wire::BandwidthLimit> own) {
    const auto fingerprint = wire::Fingerprint::parse(peer.fingerprint);
    if (!fingerprint)
        fail(Code::corrupt, "the fingerprint kept of site '{}' is damaged", peer.name);
    return context.dial(at, *fingerprint, context.world.clock.after(limits::connect_patience),
                        std::move(own));
}

}  // namespace

std::unique_ptr<wire::PeerLink> connect(Context& context, const Collection& collection,
                                        const std::string& peer_name) {
    const auto peer = context.peers.find(peer_name);
    if (!peer) {
        fail(Code::not_found, "no site '{}' is paired with this one; run `reviver pair`",
             peer_name);
    }
    return dial(context, *peer, peer->endpoint,
                context.policy->limit_of(collection.id, collection.name));
}

std::unique_ptr<wire::PeerLink> connect(Context& context, const Peer& peer,
                                        const sys::Endpoint& at) {
    return dial(context, peer, at, nullptr);
}

std::string ask(Context& context, wire::PeerLink& link, const char* method, const std::string& body,
                sys::Duration patience) {
    return link.call(method, body, context.world.clock.after(patience));
}

control::HelloAnswer greet(Context& context, wire::PeerLink& link, const Collection& collection) {
    control::Hello question{collection.id, collection.epoch};
    if (collection.disk_update) question.copies = collection.disk_update->coming;
    const auto answer =
        control::hello_answer_from_text(ask(context, link, "hello", to_text(question)));
    if (answer.epoch > collection.epoch) {
        fail(Code::stale_epoch, "site '{}' holds epoch {} of '{}', this side {}", collection.peer,
             answer.epoch.value, collection.name, collection.epoch.value);
    }
    if (answer.place.role != Role::replica) {
        fail(Code::invalid_state,
             "site '{}' is no recovery side of '{}' any more; remove the "
             "relationship here and create it anew",
             collection.peer, collection.name);
    }
    switch (answer.place.state) {
        case State::initial_replication:
        case State::replicating:
        case State::critical:
            return answer;
        case State::suspended:
            fail(Code::in_use, "receiving '{}' is suspended on site '{}'; resume it there",
                 collection.name, collection.peer);
        default:
            fail(Code::invalid_state,
                 "'{}' is failed over on site '{}' ({}); revert or commit the failover there",
                 collection.name, collection.peer, name_of(answer.place.state));
    }
}

}  // namespace reviver::replication
