#include "replication/replica_desk.h"

#include "base/error.h"
#include "base/log.h"
#include "replication/control.h"
#include "replication/guarded_sink.h"
#include "replication/limits.h"
#include "replication/old_primary.h"
#include "replication/seed.h"

#include <algorithm>

namespace reviver::replication {

namespace {

std::vector<VmId> ids_of(const std::vector<VmDefinition>& vms) {
    std::vector<VmId> ids;
    for (const VmDefinition& vm : vms) ids.push_back(vm.id);
    return ids;
}

}  // namespace

ReplicaDesk::ReplicaDesk(Context& context, Directory& directory, RecoveryServer& recovery_server)
    : context_(context), directory_(directory), recovery_server_(recovery_server) {}

std::string ReplicaDesk::peer_name(const wire::Peer& peer) {
    std::string digits = to_hex(peer.fingerprint.hash());
    const auto known = context_.peers.find_by_fingerprint(digits);
    if (!known) fail(Code::access_denied, "this site is not paired with '{}'", peer.name);
    return known->name;
}

std::string ReplicaDesk::call(const wire::Peer& peer, const std::string& method,
                              const std::string& body) {
    const std::string name = peer_name(peer);
    if (method == "create") return create(name, body);
    if (method == "hello") return hello(name, body);
    if (method == "settings") return take_settings(name, body);
    if (method == "planned_reverted") return planned_reverted(name, body);
    if (method == "reverse") return reverse(name, body);
    if (method == "seed") return seed(name, body);
    if (method == "may_replicate") {
        recovery_server_.require_welcome(name);
        return "{}";
    }
    fail(Code::not_supported, "this site knows no question '{}'; is the other one newer?", method);
}

std::unique_ptr<point::Sink> ReplicaDesk::receive(const wire::Peer& peer,
                                                  const point::ReceiveHeader& header) {
    const std::string name = peer_name(peer);
    auto find = [this, name](CollectionId id) { return group_of(name, id); };
    auto admit = [this, name] { recovery_server_.require_welcome(name); };
    return std::make_unique<GuardedSink>(context_, std::move(find), std::move(admit),
                                         context_.store.receive(),
                                         group_of(name, header.collection)->receive_over_network());
}

std::shared_ptr<Group> ReplicaDesk::group_of(const std::string& peer, CollectionId id) {
    auto group = directory_.find(id);
    if (group == nullptr || group->snapshot().peer != peer) {
        fail(Code::not_found, "this site has no relationship with '{}' about collection {}", peer,
             id.text());
    }
    return group;
}

std::string ReplicaDesk::create(const std::string& peer, const std::string& body) {
    recovery_server_.require_welcome(peer);
    const auto message = control::create_from_text(body);
    require_name("a collection", message.name);
    // A job of an earlier relationship must not go on in this one after a restart.
    context_.jobs.settle();
    auto group = directory_.find(message.collection);
    std::optional<sys::Exclusive::Turn> turn;
    Epoch used = context_.machines.epoch_used(ids_of(message.vms));
    if (group != nullptr) {
        turn.emplace(group->take_turn());  // an earlier relationship may just be removed
        const Collection c = group->snapshot();
        used = std::max(used, c.epoch);
        const bool unfinished =
            c.place.role == Role::replica && c.peer == peer && !c.initial_complete;
        if (unfinished && c.epoch == message.epoch) return "{}";
        // Its answer got lost, and the asker begins with its own count again.
        if (unfinished && message.epoch < c.epoch)
            return to_text(control::CreateAnswer{{c.epoch.value - 1}});
        recovery_server_.require_same_trust(c, peer);
        if (c.place.role != Role::none) {
            fail(Code::invalid_state,
                 "collection '{}' is {} on this site already; remove that "
                 "relationship first",
                 c.name, name_of(c.place.role));
        }
    }
    if (message.epoch <= used) return to_text(control::CreateAnswer{used});
    // Before the collection exists here: a VM of somebody else with the same id makes this fail,
    // and nothing is left behind.
    context_.machines.show_replicas(message.collection, message.name, message.vms);
    // A replica that an earlier relationship left behind is let go of; its files stay, for VMs may
    // run on them.
    if (context_.store.tip(message.collection)) {
        context_.store.remove_collection(message.collection, false);
    }
    if (group == nullptr) {
        Collection made;
        made.id = message.collection;
        made.name = message.name;
        group = directory_.add(made);
    }
    group->advance(Event::replica_created, [&](Collection& c) {
        c.name = message.name;
        c.epoch = message.epoch;
        c.peer = peer;
        c.made_by = peer;
        c.made_in_group = recovery_server_.trust_group(peer);
        c.settings = message.settings;
        c.initial_complete = false;
        c.failover_type = FailoverType::none;
        c.members.clear();
        for (const VmId id : ids_of(message.vms)) c.members.push_back(id.text());
    });
    return "{}";
}

std::string ReplicaDesk::seed(const std::string& peer, const std::string& body) {
    recovery_server_.require_welcome(peer);
    const auto message = control::seed_from_text(body);
    return to_text(take_seed(context_, *group_of(peer, message.collection), message));
}

std::string ReplicaDesk::hello(const std::string& peer, const std::string& body) {
    const auto message = control::hello_from_text(body);
    const Collection c = group_of(peer, message.collection)->snapshot();
    // Who has lost the role has to hear that, whatever else it may do here.
    if (c.place.role == Role::replica && c.epoch == message.epoch) {
        recovery_server_.require_welcome(peer);
        if (c.initial_complete) context_.store.keep_copies(c.id, message.copies);
    }
    control::HelloAnswer answer;
    answer.epoch = c.epoch;
    answer.place = {c.place.role, state_of_replication(c)};
    if (const auto tip = context_.store.tip(c.id)) {
        answer.newest = tip->sequence;
        answer.cut = tip->cut;
        if (tip->kind == PointKind::seed) answer.seed = tip->disks;
    }
    return to_text(answer);
}

std::string ReplicaDesk::take_settings(const std::string& peer, const std::string& body) {
    const auto message = control::new_settings_from_text(body);
    validate(message.settings);
    const auto group = group_of(peer, message.collection);
    group->update([&](Collection& c) {
        if (message.epoch < c.epoch) {
            fail(Code::stale_epoch, "epoch {} of '{}' is over; site '{}' holds {}",
                 message.epoch.value, c.name, context_.site.name, c.epoch.value);
        }
        if (c.place.role != Role::replica || c.epoch != message.epoch ||
            c.failover_point.value != 0) {
            fail(Code::invalid_state,
                 "'{}' is {} ({}) on site '{}'; its settings cannot change now", c.name,
                 name_of(c.place.state), name_of(c.place.role), context_.site.name);
        }
        c.settings = message.settings;
    });
    group->wake();
    return "{}";
}

std::string ReplicaDesk::planned_reverted(const std::string& peer, const std::string& body) {
    const auto message = control::hello_from_text(body);
    const Collection c = group_of(peer, message.collection)->snapshot();
    if (c.epoch != message.epoch || c.place.role != Role::replica ||
        state_of_replication(c) != State::replicating) {
        fail(Code::invalid_state, "'{}' is {} on site '{}'; revert the failover there first",
             c.name, name_of(c.place.state), context_.site.name);
    }
    return "{}";
}

std::string ReplicaDesk::reverse(const std::string& peer, const std::string& body) {
    recovery_server_.require_welcome(peer);
    const auto message = control::reverse_from_text(body);
    const auto group = group_of(peer, message.collection);
    return to_text(become_replica(context_, *group, directory_, message));
}

}  // namespace reviver::replication
