#include "replication/disk_set.h"

#include "base/error.h"
#include "base/log.h"
#include "replication/link.h"

#include <algorithm>
#include <set>

namespace reviver::replication {

namespace {

constexpr const char* owner_of_itself = "reviverd";

std::string targets_text(const std::vector<DiskKey>& keys) {
    std::string text;
    for (const DiskKey& key : keys)
        text += fmt::format("{}{}", text.empty() ? "" : ", ", key.text());
    return text;
}

void append(std::vector<DiskKey>& to, const std::vector<DiskKey>& keys) {
    for (const DiskKey& key : keys)
        if (std::ranges::find(to, key) == to.end()) to.push_back(key);
}

// A disk appeared, and nobody has to ask for it.
JobId begin_own_job(Context& context, const Collection& c) {
    Job job;
    job.type = JobType::update_disk_set;
    job.collection = c.id;
    job.name = fmt::format("Add disks to '{}'", c.name);
    job.owner = owner_of_itself;
    job.method = "update_disk_set";
    job.cancellable = true;
    return context.jobs.begin(job)->id();
}

}  // namespace

DiskChoice included_in(const std::vector<std::string>& included_disks) {
    return [names = std::set<std::string>(included_disks.begin(), included_disks.end())](
               const DiskKey& key) { return names.empty() || names.contains(key.text()); };
}

DiskChoice only(std::vector<DiskKey> keys) {
    return [keys = std::move(keys)](const DiskKey& key) {
        return std::ranges::find(keys, key) != keys.end();
    };
}

DiskChoice followed_of(const Collection& c) {
    std::vector<DiskKey> keys = keys_of(c.shapes);
    if (c.disk_update) append(keys, c.disk_update->coming);
    append(keys, c.leaving);
    return [wanted = included_in(c.settings.included_disks), others = only(std::move(keys))](
               const DiskKey& key) { return wanted(key) || others(key); };
}

std::vector<DiskKey> keys_of(const std::vector<DiskShape>& shapes) {
    std::vector<DiskKey> keys;
    for (const DiskShape& shape : shapes) keys.push_back(shape.key);
    return keys;
}

std::vector<DiskKey> missing_in(const std::vector<DiskShape>& shapes,
                                const std::vector<DiskShape>& there) {
    const DiskChoice known = only(keys_of(there));
    std::vector<DiskKey> keys = keys_of(shapes);
    std::erase_if(keys, known);
    return keys;
}

bool has_set(const Collection& c) {
    return c.place.role == Role::primary && c.initial_complete && !c.reverse_pending &&
           !c.shapes.empty();
}

void require_disks_of_members(const Collection& c, const Settings& settings,
                              const DiskChoice& is_shared) {
    std::vector<DiskKey> keys = keys_of(c.shapes);
    if (c.disk_update) append(keys, c.disk_update->coming);
    const DiskChoice known = only(std::move(keys));
    for (const std::string& name : settings.included_disks) {
        const auto key = parse_disk_key(name);
        const bool of_member =
            key && std::ranges::find(c.members, key->vm.text()) != c.members.end();
        // One that VMs share is of none of them.
        if (!of_member && !(key && (known(*key) || is_shared(*key))))
            fail(Code::invalid_parameter,
                 "IncludedDisks has '{}', which is no disk of a VM in '{}'", name, c.name);
    }
}

Collection note_wanted(Context& context, Group& group, const std::vector<DiskShape>& wanted) {
    const Collection c = group.snapshot();
    if (!has_set(c)) return c;
    const auto coming = missing_in(wanted, c.shapes);
    if (c.disk_update ? c.disk_update->coming == coming : coming.empty()) return c;
    log_info("'{}': {} new for the disk set", c.name,
             coming.empty() ? "no disk is" : targets_text(coming));
    const JobId job = c.disk_update ? c.disk_update->job : begin_own_job(context, c);
    return group.update([&](Collection& g) {
        if (!g.disk_update) begin_update(g, job);
        g.disk_update->coming = coming;
        g.disk_update->copied = false;
    });
}

JobId begin_update(Collection& c, JobId job) {
    if (!c.disk_update) {
        c.disk_update.emplace();
        c.disk_update->before = c.settings.included_disks;
    }
    const JobId replaced = c.disk_update->job;
    c.disk_update->job = job;
    c.disk_update->copied = false;
    return replaced;
}

JobId note_point_made(Collection& c, const Collection& planned,
                      const std::vector<DiskShape>& made) {
    append(c.leaving, missing_in(c.shapes, made));
    c.shapes = made;
    c.offered = {};
    c.offered_shapes.clear();
    const bool same = c.disk_update && planned.disk_update &&
                      c.disk_update->job == planned.disk_update->job &&
                      c.settings.included_disks == planned.settings.included_disks;
    const bool all = same && std::ranges::all_of(c.disk_update->coming, only(keys_of(made)));
    if (!all) return {};
    c.updated_by = c.disk_update->job;
    c.disk_update.reset();
    return c.updated_by;
}

void note_point_found(Collection& c, Sequence newest) {
    c.last_sequence = newest;
    if (c.offered != newest || c.offered_shapes.empty()) return;
    append(c.leaving, missing_in(c.shapes, c.offered_shapes));
    c.shapes = c.offered_shapes;
}

JobId drop_update(Collection& c) {
    if (!c.disk_update) return {};
    const JobId job = c.disk_update->job;
    append(c.leaving, c.disk_update->coming);
    c.disk_update.reset();
    return job;
}

void fail_update_job(Context& context, JobId job, const std::string& why) {
    if (!job.is_none()) context.jobs.fail(job, Error(Code::failed, why));
}

std::vector<std::string> set_before(const Collection& c) {
    const auto brings_again = included_in(c.disk_update->before);
    if (std::ranges::none_of(c.disk_update->coming, brings_again)) return c.disk_update->before;
    std::vector<std::string> names;
    for (const DiskShape& shape : c.shapes) names.push_back(shape.key.text());
    return names;
}

void cancel_update(Context& context, Group& group) {
    const Collection c = group.snapshot();
    if (!c.disk_update)
        fail(Code::invalid_state, "no update of the disk set of '{}' is under way", c.name);
    Settings settings = c.settings;
    settings.included_disks = set_before(c);
    const auto link = connect(context, c, c.peer);
    ask(context, *link, "settings", to_text(control::NewSettings{c.id, c.epoch, settings}));
    JobId job;
    group.update([&](Collection& g) {
        g.settings.included_disks = settings.included_disks;
        const bool failed = g.disk_update && !g.disk_update->trouble.empty();
        job = drop_update(g);
        if (!failed) return;
        g.trouble.clear();
        if (const auto next = step(g.place, Event::cycle_succeeded)) g.place = *next;
    });
    fail_update_job(context, job, "the update of the disk set was cancelled");
}

void note_update_failed(Group& group, const std::string& why) {
    group.update([&](Collection& g) {
        if (!g.disk_update) return;
        g.disk_update->trouble = why;
        g.trouble = fmt::format("the disk set could not be updated: {}", why);
        if (const auto next = step(g.place, Event::cycle_failed)) g.place = *next;
    });
}

void note_update_mended(Group& group) {
    const auto failed = [](const Collection& c) {
        return c.disk_update && !c.disk_update->trouble.empty();
    };
    if (!failed(group.snapshot())) return;
    group.update([&](Collection& g) {
        if (!failed(g)) return;
        g.disk_update->trouble.clear();
        g.trouble.clear();
        if (const auto next = step(g.place, Event::cycle_succeeded)) g.place = *next;
    });
}

}  // namespace reviver::replication
