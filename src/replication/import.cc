#include "replication/import.h"

#include "base/error.h"
#include "base/log.h"
#include "point/copy.h"
#include "replication/guarded_sink.h"

#include <algorithm>

namespace reviver::replication {

namespace {

void require_members(const Collection& c, const medium::Manifest& manifest) {
    for (const VmDefinition& vm : manifest.vms) {
        if (std::ranges::find(c.members, vm.id.text()) == c.members.end())
            fail(Code::invalid_state, "'{}' has no VM {} ('{}'): the copy is of another group",
                 c.name, vm.id.text(), vm.name);
    }
}

point::ReceiveHeader header_of(Context& context, const medium::Manifest& manifest) {
    point::ReceiveHeader header;
    // Of its own every time: nothing that an earlier attempt copied is believed.
    header.id = ReceiveId(context.world.random.uuid());
    header.collection = manifest.collection;
    header.epoch = manifest.epoch;
    header.sequence = manifest.sequence;
    for (const auto& disk : manifest.disks) header.disks.push_back({disk.shape, point::Bulk::full});
    return header;
}

point::CutHeader cut_of(const medium::Manifest& manifest) {
    return {manifest.cut, manifest.kind, manifest.consistency, manifest.cut_time, manifest.vms};
}

void copy_all(point::Sink& sink, const point::ReceiveHeader& header,
              const medium::ImportedCopy& copy, JobHandle& job,
              const std::function<bool()>& stopped) {
    sink.open(header);
    const std::uint64_t all = std::max<std::uint64_t>(copy.size_bytes(), 1);
    std::uint64_t done = 0;
    for (std::uint32_t disk = 0; disk < header.disks.size(); ++disk) {
        point::Filters filters;
        filters.stopped = stopped;
        filters.progress = [&job, done, all](const point::Copied& copied) {
            const std::uint64_t now = done + copied.data_bytes + copied.zero_bytes;
            job.progress(static_cast<unsigned>(std::min<std::uint64_t>(now * 100 / all, 99)),
                         "reading the medium");
        };
        const auto source = copy.source(disk);
        point::CutDigest unused;
        point::copy_chunks(*source, sink, unused, 0, filters);
        done += header.disks[disk].shape.size_bytes;
    }
    job.progress(99, "making the point durable");
    sink.begin_cut(cut_of(copy.manifest()));
    sink.commit(point::CutDigest().trailer());
}

}  // namespace

void require_importable(Context& context, const Collection& c, const medium::Manifest& manifest) {
    if (c.place.role == Role::replica && context.store.newest(c.id)) {
        fail(Code::invalid_state, "'{}' has recovery points already: there is nothing to import",
             c.name);
    }
    if (c.place == Place{Role::replica, State::suspended})
        fail(Code::invalid_state, "receiving '{}' is suspended; resume it first", c.name);
    if (c.place != Place{Role::replica, State::initial_replication}) {
        fail(Code::invalid_state, "'{}' is {} ({}) on site '{}'; it waits for no initial copy",
             c.name, name_of(c.place.state), name_of(c.place.role), context.site.name);
    }
    if (c.epoch != manifest.epoch) {
        fail(Code::invalid_state,
             "the copy was exported in epoch {} of '{}', and this site holds epoch {}: export it "
             "anew",
             manifest.epoch.value, c.name, c.epoch.value);
    }
    require_members(c, manifest);
}

void import_copy(Context& context, const std::shared_ptr<Group>& group,
                 RecoveryServer& recovery_server, const medium::ImportedCopy& copy, JobHandle& job,
                 const std::function<bool()>& stopped) {
    const auto only_way_in = group->receive_from_medium();
    const Collection c = group->snapshot();
    require_importable(context, c, copy.manifest());
    // A seed is of no use any more, and a first point builds on nothing.
    if (context.store.tip(c.id)) context.store.remove_collection(c.id, false);
    auto find = [&group](CollectionId) { return group; };
    auto admit = [&] { recovery_server.require_welcome(c.peer); };
    GuardedSink sink(context, find, admit, context.store.receive(), nullptr);
    try {
        copy_all(sink, header_of(context, copy.manifest()), copy, job, stopped);
    } catch (const Error&) {
        context.store.drop_receive(c.id);
        throw;
    }
    log_info("'{}': point {} was imported from {}", c.name, copy.manifest().sequence.value,
             copy.directory().string());
}

}  // namespace reviver::replication
