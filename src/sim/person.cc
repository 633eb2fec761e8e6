#include "sim/person.h"

#include "base/error.h"
#include "replication/agenda.h"
#include "replication/disk_set.h"
#include "sim/carried_medium.h"

#include <fmt/format.h>

#include <algorithm>

namespace reviver::sim {

namespace {

using replication::InitialStart;

constexpr const char* owner = "person";

bool is(const std::optional<replication::Collection>& c, Role role) {
    return c && c->place.role == role;
}

bool is(const std::optional<replication::Collection>& c, Role role, State state) {
    return c && c->place == replication::Place{role, state};
}

}  // namespace

void Person::ask(EngineSite& site, const std::string& what, EngineSite::Request request) {
    if (site.engine() == nullptr || site.busy()) return;
    world_.simulation.note(fmt::format("{} is asked to {}", site.name(), what));
    ++requests_;
    const bool waits = what == "suspend" || what.starts_with("remove a point") ||
                       what.starts_with("remove the point") || what == "start the VMs" ||
                       what.starts_with("cancel the") || what.ends_with("medium") ||
                       what.starts_with("start with") || what == "export";
    site.request(std::move(request), waits);
}

Settings Person::settings_of(EngineSite& site) {
    Settings settings;
    settings.recovery_connection_point = site.name() == "east" ? "west" : "east";
    settings.interval_s = 1;
    settings.recovery_history = static_cast<std::uint16_t>(prng_.between(1, 5));
    settings.application_interval_h = static_cast<std::uint16_t>(prng_.below(3));
    settings.compression = prng_.one_in(2);
    settings.auto_resync = !prng_.one_in(4);
    return settings;
}

// Any of the disks that are there; all of them by not naming any.
Settings Person::settings_with_disks(EngineSite& site) {
    Settings settings = settings_of(site);
    if (prng_.one_in(3)) return settings;
    std::vector<std::string> all;
    for (const auto& [id, vm] : site.hypervisor().vms())
        for (const auto& [target, path] : vm.disks) all.push_back(DiskKey{id, target}.text());
    for (const std::string& disk : all)
        if (prng_.one_in(2)) settings.included_disks.push_back(disk);
    return settings;
}

std::optional<Sequence> Person::random_point(Engine& engine) {
    const auto points = engine.points(world_.collection);
    if (points.empty() || prng_.one_in(2)) return std::nullopt;
    return points[prng_.below(points.size())].sequence;
}

bool Person::has_vms(EngineSite& site) {
    const auto& vms = site.hypervisor().vms();
    return !vms.empty() &&
           std::ranges::none_of(vms, [](const auto& item) { return !item.second.lock.empty(); });
}

bool Person::all_on(EngineSite& site) {
    return std::ranges::all_of(site.hypervisor().vms(),
                               [](const auto& item) { return item.second.running; });
}

bool Person::at_work(EngineSite& site) {
    Engine* const engine = site.engine();
    if (engine == nullptr || site.busy()) return true;
    return std::ranges::any_of(engine->jobs().list(), [](const Job& job) {
        // These wait, for the other side or for VMs to run, and stand in nobody's way.
        const bool waits = job.method == "flatten" || job.method == "reverse" ||
                           job.method == "start_replication" || job.method == "resynchronize" ||
                           job.method == "update_disk_set";
        return job.state == JobState::running && !waits;
    });
}

// ----------------------------------------------------------------------------------------------
// anything

void Person::use_vm() {
    Hypervisor& hypervisor = sites_[prng_.below(2)]->hypervisor();
    for (auto& [id, vm] : hypervisor.vms()) {
        if (prng_.one_in(2)) continue;
        if (vm.running && prng_.one_in(3)) {
            hypervisor.stop(id);
        } else if (vm.lock.empty()) {
            hypervisor.start(id);
        }
    }
}

void Person::change_disks() {
    EngineSite& site = *sites_[prng_.below(2)];
    if (!is(site.collection(), Role::primary) || !has_vms(site)) return;
    Hypervisor& hypervisor = site.hypervisor();
    auto& vms = hypervisor.vms();
    HostVm& vm = std::next(vms.begin(), static_cast<long>(prng_.below(vms.size())))->second;
    if (vm.disks.empty()) return;
    const auto disk = std::next(vm.disks.begin(), static_cast<long>(prng_.below(vm.disks.size())));
    const std::uint64_t what = prng_.below(3);
    world_.simulation.note(
        fmt::format("disk {} of '{}' on {}: change {}", disk->first, vm.name, site.name(), what));
    if (what == 0 && vm.disks.size() < 4) {
        const std::string target = fmt::format("vd{}", static_cast<char>('a' + prng_.below(6)));
        if (vm.disks.contains(target)) return;
        const std::string path = fmt::format("/images/more-{}", ++images_made_);
        hypervisor.make_image(path, prng_.between(1, 96) * 4096);
        vm.disks[target] = path;
    } else if (what == 1 && vm.disks.size() > 1) {
        vm.disks.erase(disk);
    } else {
        hypervisor.grow(disk->second, prng_.between(1, 64) * 512);
    }
}

std::vector<Person::Wish> Person::wishes(EngineSite& site) {
    using enum replication::Event;
    const CollectionId id = world_.collection;
    return {
        {"suspend", suspend_asked, [id](Engine& e) { e.suspend(id); }},
        {"resume", resume_asked, [id](Engine& e) { e.resume(id); }},
        {"cancel the initial replication", initial_cancelled,
         [id](Engine& e) { e.cancel_initial_replication(id); }},
        {"resynchronize", resync_asked,
         [this, id](Engine& e) { e.resynchronize(id, prng_.one_in(2), owner); }},
        {"resynchronize later", resync_asked,
         [this, id](Engine& e) {
             e.schedule_resync(id, prng_.one_in(2),
                               e.now() + std::chrono::seconds(prng_.below(30)));
         }},
        {"cancel the resynchronization", resync_cancelled,
         [id](Engine& e) { e.cancel_resync(id); }},
        {"fail over", failover_started,
         [this, id](Engine& e) { e.initiate_failover(id, random_point(e), owner); }},
        {"test a point", test_started,
         [this, id](Engine& e) { e.test_replica(id, random_point(e), owner); }},
        {"revert the test", std::nullopt, [id](Engine& e) { e.revert_test(id, owner); }},
        {"revert the failover", failover_reverted,
         [id](Engine& e) { e.revert_failover(id, owner); }},
        {"commit the failover", failover_committed,
         [id](Engine& e) { e.commit_failover(id, owner); }},
        {"plan a failover", planned_failover_started,
         [id](Engine& e) { e.initiate_planned_failover(id, owner); }},
        {"revert the planned failover", planned_failover_reverted,
         [id](Engine& e) { e.revert_planned_failover(id, owner); }},
        {"reverse", became_primary,
         [id, settings = settings_of(site)](Engine& e) { e.reverse(id, settings, owner); }},
        {"reverse a planned failover", failover_committed,
         [id, settings = settings_of(site)](Engine& e) { e.reverse(id, settings, owner); }},
        {"prepare a reverse", reverse_prepared, [id](Engine& e) { e.prepare_reverse(id, owner); }},
        {"remove the replication", removed, [id](Engine& e) { e.remove_relationship(id, owner); }},
        {"start the VMs", std::nullopt, [id](Engine& e) { e.start_members(id); }},
        {"modify the settings", std::nullopt,
         [id, settings = settings_of(site)](Engine& e) { e.modify_settings(id, settings, owner); }},
        {"change the disk set", std::nullopt,
         [id, settings = settings_with_disks(site)](Engine& e) {
             e.modify_settings(id, settings, owner);
         }},
        {"cancel the update of the disk set", std::nullopt,
         [id](Engine& e) { e.cancel_disk_update(id, owner); }},
        {"scrub", std::nullopt, [id](Engine& e) { e.scrub(id, owner); }},
        {"export", initial_started,
         [id](Engine& e) {
             e.start_replication(id, {InitialReplication::medium, medium_directory}, owner);
         }},
        {"import the medium", std::nullopt,
         [](Engine& e) { e.import_replica(medium_directory, std::nullopt, owner); }},
        {"remove a point", std::nullopt,
         [this, id](Engine& e) {
             if (const auto point = random_point(e)) e.remove_point(id, *point);
         }},
        {"remove the point of the test", std::nullopt,
         [id](Engine& e) {
             const auto c = e.collection(id);
             if (c && c->trial) e.remove_point(id, c->trial->point);
         }},
        {"cancel jobs", std::nullopt,
         [](Engine& e) {
             for (const Job& job : e.jobs().list()) {
                 if (job.cancellable && job.state == JobState::running) e.jobs().cancel(job.id);
             }
         }},
    };
}

// Mostly what the state allows; removing seldom, for it is the end of what could happen else.
void Person::ask_something() {
    if (prng_.one_in(4)) return change_disks();
    EngineSite& site = *sites_[prng_.below(2)];
    const auto c = site.collection();
    const std::vector<Wish> all = wishes(site);
    for (int tries = 0; tries < 6; ++tries) {
        const Wish& wish = all[prng_.below(all.size())];
        if (wish.event == replication::Event::removed && !prng_.one_in(4)) continue;
        const bool possible = !wish.event || (c && step_exists(c->place, *wish.event));
        if (possible || prng_.one_in(8)) return ask(site, wish.what, wish.request);
    }
    use_vm();
}

// ----------------------------------------------------------------------------------------------
// what is due

void Person::ask_for_what_is_due() {
    if (at_work(*sites_[0]) || at_work(*sites_[1])) return;
    const auto c0 = sites_[0]->collection();
    const auto c1 = sites_[1]->collection();
    const bool none0 = !c0 || c0->place.role == Role::none;
    const bool none1 = !c1 || c1->place.role == Role::none;
    if (none0 && none1) {
        const std::uint64_t first = prng_.below(2);
        if (has_vms(*sites_[first])) return set_up(*sites_[first], *sites_[1 - first]);
        return set_up(*sites_[1 - first], *sites_[first]);
    }
    if (is(c0, Role::primary)) due_at_primary(*sites_[0], *c0, *sites_[1], c1);
    if (is(c1, Role::primary)) due_at_primary(*sites_[1], *c1, *sites_[0], c0);
    if (is(c0, Role::replica)) due_at_replica(*sites_[0], *c0, *sites_[1], c1);
    if (is(c1, Role::replica)) due_at_replica(*sites_[1], *c1, *sites_[0], c0);
}

// One side's VMs are to be replicated: those of the other side are given up.
void Person::set_up(EngineSite& site, EngineSite& other) {
    for (auto& [id, vm] : other.hypervisor().vms()) other.hypervisor().stop(id);
    const CollectionId id = world_.collection;
    std::vector<VmId> vms;
    for (const auto& [vm, found] : site.hypervisor().vms()) vms.push_back(vm);
    ask(site, "replicate the group", [id, vms, settings = settings_of(site)](Engine& e) {
        if (!e.collection(id)) e.define_collection("shop", id, false);
        const auto members = e.collection(id)->members;
        for (const VmId vm : vms) {
            if (std::ranges::find(members, vm.text()) == members.end()) e.add_member(id, vm.text());
        }
        e.create_relationship(id, settings, owner);
    });
}

void Person::start(EngineSite& site, CollectionId id) {
    InitialStart how;
    if (prng_.one_in(3)) how.type = InitialReplication::seeded;
    if (how.type == InitialReplication::network && prng_.one_in(3)) {
        how = {InitialReplication::medium, medium_directory};
        wipe_medium(site.site().disk());
    }
    ask(site, fmt::format("start with {}", static_cast<int>(how.type)),
        [id, how](Engine& e) { e.start_replication(id, how, owner); });
}

// The disk may be too full for it: then another day.
void Person::carry(EngineSite& from, EngineSite& to) {
    try {
        carry_medium(from.site().disk(), to.site().disk());
    } catch (const Error& e) {
        world_.simulation.note(fmt::format("the medium is not carried: {}", e.what()));
        return wipe_medium(to.site().disk());
    }
    ask(to, "import the medium",
        [](Engine& e) { e.import_replica(medium_directory, std::nullopt, owner); });
}

void Person::due_at_primary(EngineSite& site, const Collection& c, EngineSite& other,
                            const std::optional<Collection>& o) {
    const CollectionId id = c.id;
    const auto remove = [id](Engine& e) { e.remove_relationship(id, owner); };
    if (!o || o->place.role == Role::none) return ask(site, "remove what is left", remove);
    if (o->place.role == Role::primary) {
        // The one with the later epoch brings the other in by itself, unless somebody suspended it.
        if (c.epoch > o->epoch && c.place.state == State::suspended) {
            ask(site, "resume", [id](Engine& e) { e.resume(id); });
        }
        return;
    }
    switch (c.place.state) {
        case State::ready:
            return start(site, id);
        case State::suspended:
            if (c.fenced) return;
            return ask(site, "resume", [id](Engine& e) { e.resume(id); });
        case State::waiting_for_resync:
            if (c.fenced || resync_is_due(c, site.engine()->now())) return;
            return ask(site, "resynchronize",
                       [id](Engine& e) { e.resynchronize(id, true, owner); });
        case State::planned_failover_initiated:
            return ask(site, "revert the planned failover",
                       [id](Engine& e) { e.revert_planned_failover(id, owner); });
        case State::failover_initiated:
            if (!is(o, Role::replica, State::replicating)) return;
            if (prng_.one_in(2)) {
                return ask(site, "revert the planned failover",
                           [id](Engine& e) { e.revert_planned_failover(id, owner); });
            }
            return ask(other, "fail over",
                       [id](Engine& e) { e.initiate_failover(id, std::nullopt, owner); });
        default:
            if (has_vms(site) && !has_any_disk(site)) {
                return ask(site, "replicate all disks",
                           [id, settings = settings_of(site)](Engine& e) {
                               e.modify_settings(id, settings, owner);
                           });
            }
            if (c.exported.complete && is(o, Role::replica, State::initial_replication) &&
                prng_.one_in(2)) {
                return carry(site, other);
            }
            if (has_vms(site) && !c.fenced && !all_on(site)) {
                ask(site, "start the VMs", [id](Engine& e) { e.start_members(id); });
            }
    }
}

void Person::due_at_replica(EngineSite& site, const Collection& c, EngineSite&,
                            const std::optional<Collection>& o) {
    const CollectionId id = c.id;
    // The other side has nothing any more, or is held back for good: this side has the only way on.
    const bool alone = !is(o, Role::primary);
    const bool only_we = alone || o->fenced || o->place.state == State::repurpose_initiated;
    const bool stands_in_the_way = alone || c.place.state == State::recovered ||
                                   c.place.state == State::test_failover_initiated;
    if (c.trial && stands_in_the_way) {
        return ask(site, "revert the test", [id](Engine& e) { e.revert_test(id, owner); });
    }
    switch (c.place.state) {
        case State::initial_replication:
        case State::suspended:
        case State::replicating:
        case State::critical:
            if (alone) {
                return ask(site, "remove what is left",
                           [id](Engine& e) { e.remove_relationship(id, owner); });
            }
            if (only_we) {
                return ask(site, "fail over",
                           [id](Engine& e) { e.initiate_failover(id, std::nullopt, owner); });
            }
            if (c.place.state == State::suspended) {
                return ask(site, "resume", [id](Engine& e) { e.resume(id); });
            }
            // Somebody sensible tries now and then whether a failover would do.
            if (c.place.state == State::replicating && !c.trial && prng_.one_in(6)) {
                return ask(site, "test a point",
                           [this, id](Engine& e) { e.test_replica(id, random_point(e), owner); });
            }
            return;
        case State::failover_initiated:
        case State::partially_recovered:
            return ask(site, "revert the failover",
                       [id](Engine& e) { e.revert_failover(id, owner); });
        case State::recovered:
            if (!only_we && prng_.one_in(2)) {
                return ask(site, "revert the failover",
                           [id](Engine& e) { e.revert_failover(id, owner); });
            }
            return ask(site, "commit the failover",
                       [id](Engine& e) { e.commit_failover(id, owner); });
        case State::committed:
            if (alone) {
                return ask(site, "remove what is left",
                           [id](Engine& e) { e.remove_relationship(id, owner); });
            }
            return ask(site, "reverse", [id, settings = settings_of(site)](Engine& e) {
                e.reverse(id, settings, owner);
            });
        default:
            return;
    }
}

// Those that were chosen may all be gone.
bool Person::has_any_disk(EngineSite& site) {
    const auto included = replication::included_in(site.collection()->settings.included_disks);
    for (const auto& [id, vm] : site.hypervisor().vms())
        for (const auto& [target, path] : vm.disks)
            if (included({id, target})) return true;
    return false;
}

// The newest point has every disk that is there and wanted, as large as it is.
bool Person::has_all_disks(EngineSite& site) {
    const Collection c = *site.collection();
    const auto included = replication::included_in(c.settings.included_disks);
    std::size_t wanted = 0;
    for (const auto& [id, vm] : site.hypervisor().vms())
        for (const auto& [target, path] : vm.disks) {
            const DiskShape shape{{id, target}, site.hypervisor().image(path)->truth.size()};
            if (!included(shape.key)) continue;
            ++wanted;
            if (std::ranges::find(c.shapes, shape) == c.shapes.end()) return false;
        }
    return !c.disk_update && wanted == c.shapes.size();
}

bool Person::settled() {
    EngineSite* primary = nullptr;
    EngineSite* replica = nullptr;
    for (EngineSite* site : sites_) {
        const auto c = site->collection();
        if (is(c, Role::primary, State::replicating) && !c->fenced && !c->reverse_pending) {
            primary = site;
        }
        if (is(c, Role::replica, State::replicating)) replica = site;
    }
    if (primary == nullptr || replica == nullptr) return false;
    if (primary->collection()->epoch != replica->collection()->epoch) return false;
    for (EngineSite* site : sites_) {
        if (at_work(*site)) return false;
        for (const Job& job : site->engine()->jobs().list()) {
            if (job.state == JobState::running) return false;
        }
    }
    return all_on(*primary) && has_all_disks(*primary);
}

std::string Person::describe() {
    std::string text;
    for (EngineSite* site : sites_) {
        text += fmt::format("{}:", site->name());
        const auto c = site->collection();
        if (!c) {
            text += " nothing known; ";
            continue;
        }
        text += fmt::format(" {} ({}) epoch {}{}{}, trouble '{}'", name_of(c->place.state),
                            name_of(c->place.role), c->epoch.value, c->fenced ? ", fenced" : "",
                            c->reverse_pending ? ", reverse pending" : "", c->trouble);
        if (c->disk_update) {
            text += fmt::format(", {} disks are coming{}, {} of {} bytes",
                                c->disk_update->coming.size(),
                                c->disk_update->copied ? " and copied" : "",
                                c->disk_update->bytes_done, c->disk_update->bytes_due);
        }
        if (c->trial) text += fmt::format(", a test of point {}", c->trial->point.value);
        for (const auto& [id, vm] : site->hypervisor().vms()) {
            text += fmt::format(", {} is {}{}{}", vm.name, vm.running ? "on" : "off",
                                vm.frozen ? " and frozen" : "",
                                vm.lock.empty() ? "" : " and locked: " + vm.lock);
        }
        for (const Job& job : site->engine()->jobs().list()) {
            if (job.state == JobState::running) {
                text += fmt::format(", job '{}' runs: {}", job.name, job.status);
            }
        }
        text += "; ";
    }
    return text;
}

}  // namespace reviver::sim
