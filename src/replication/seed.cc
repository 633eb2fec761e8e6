#include "replication/seed.h"

#include "base/error.h"
#include "base/log.h"
#include "replication/limits.h"
#include "replication/link.h"

#include <algorithm>

namespace reviver::replication {

namespace {

std::string disk_text(Machines& machines, const DiskKey& key) {
    return fmt::format("{}/{}", machines.vm_name(key.vm).value_or(key.vm.text()), key.target);
}

std::string text_of(Machines& machines, const std::vector<control::SeedAnswer::Missing>& missing) {
    std::string text;
    for (std::size_t i = 0; i < missing.size() && i < limits::findings_told; ++i) {
        text += fmt::format("{}{}: {}", i == 0 ? "" : "; ", disk_text(machines, missing[i].key),
                            missing[i].why);
    }
    if (missing.size() > limits::findings_told)
        text += fmt::format("; and {} more", missing.size() - limits::findings_told);
    return text;
}

void require_place(Context& context, const Collection& c, Epoch asked) {
    if (asked < c.epoch) {
        fail(Code::stale_epoch, "epoch {} of '{}' is over; this site holds {}", asked.value, c.name,
             c.epoch.value);
    }
    if (c.place.role == Role::replica && c.place.state == State::suspended) {
        fail(Code::in_use, "receiving '{}' is suspended on site '{}'; resume it there", c.name,
             context.site.name);
    }
    const bool fits =
        asked == c.epoch && c.place == Place{Role::replica, State::initial_replication};
    if (!fits || context.store.newest(c.id)) {
        fail(Code::invalid_state,
             "'{}' is {} ({}) on site '{}' and has recovery points or cannot take a seed", c.name,
             name_of(c.place.state), name_of(c.place.role), context.site.name);
    }
}

struct Found {
    std::vector<store::AdoptedDisk> disks;
    control::SeedAnswer answer;
};

Found look_for_disks(Context& context, const std::vector<DiskShape>& wanted) {
    std::vector<DiskKey> keys;
    for (const DiskShape& shape : wanted) keys.push_back(shape.key);
    Found found;
    for (const SeedDisk& seed : context.machines.seed_disks(keys)) {
        const DiskShape& shape = seed.disk.shape;
        if (!seed.trouble.empty()) {
            found.answer.missing.push_back({shape.key, seed.trouble});
            continue;
        }
        found.answer.found.push_back(shape);
        found.disks.push_back({shape.key, shape.size_bytes, seed.disk.path, seed.disk.format});
    }
    return found;
}

bool stands_on(Context& context, CollectionId id, const PointInfo& seed,
               const std::vector<store::AdoptedDisk>& disks) {
    return seed.disks.size() == disks.size() &&
           std::ranges::all_of(disks, [&](const store::AdoptedDisk& disk) {
               const DiskShape shape{disk.key, disk.size_bytes};
               if (std::ranges::find(seed.disks, shape) == seed.disks.end()) return false;
               return context.store.chain_files(id, seed.sequence, disk.key).front() ==
                      store::ChainFile{disk.path, disk.format};
           });
}

PointInfo seed_of(Context& context, const Collection& c, const Found& found, Sequence sequence) {
    PointInfo info;
    info.sequence = sequence;
    info.epoch = c.epoch;
    info.cut = CutId(context.world.random.uuid());
    info.kind = PointKind::seed;
    info.consistency = Consistency::unknown;
    info.cut_time = context.world.clock.wall();
    info.disks = found.answer.found;
    return info;
}

}  // namespace

control::SeedAnswer take_seed(Context& context, Group& group, const control::Seed& question) {
    auto turn = group.take_turn();
    const Collection c = group.snapshot();
    require_place(context, c, question.epoch);
    Found found = look_for_disks(context, question.disks);
    if (found.disks.empty()) {
        fail(Code::invalid_state, "site '{}' has no disk to seed '{}' from: {}", context.site.name,
             c.name, text_of(context.machines, found.answer.missing));
    }
    const auto before = context.store.tip(c.id);
    if (before && stands_on(context, c.id, *before, found.disks)) return found.answer;
    // Another number than the seed before had: what was noted about that one does not count.
    const Sequence sequence = before ? before->sequence.next() : Sequence{1};
    context.store.adopt(c.id, seed_of(context, c, found, sequence), found.disks);
    log_info("'{}': {} disks are the seed of the first point", c.name, found.disks.size());
    return found.answer;
}

std::string ask_for_seed(Context& context, const Collection& c,
                         const std::vector<DiskShape>& disks) {
    const auto link = connect(context, c, c.peer);
    control::SeedAnswer answer;
    try {
        answer = control::seed_answer_from_text(ask(context, *link, "seed",
                                                    to_text(control::Seed{c.id, c.epoch, disks}),
                                                    limits::reverse_patience));
    } catch (Error& error) {
        if (error.code() == Code::not_supported)
            error.add_context(fmt::format(
                "site '{}' cannot seed; start the replication over the network", c.peer));
        throw;
    }
    std::string text =
        fmt::format("site '{}' has {} of {} disks", c.peer, answer.found.size(), disks.size());
    if (!answer.missing.empty())
        text += fmt::format("; copied whole: {}", text_of(context.machines, answer.missing));
    log_info("'{}': {}", c.name, text);
    return text;
}

}  // namespace reviver::replication
