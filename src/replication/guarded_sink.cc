#include "replication/guarded_sink.h"

#include "base/error.h"

namespace reviver::replication {

GuardedSink::GuardedSink(Context& context, Finder find, Admission admit,
                         std::unique_ptr<point::Sink> store_sink, std::shared_ptr<void> way_in)
    : context_(context),
      find_(std::move(find)),
      admit_(std::move(admit)),
      sink_(std::move(store_sink)),
      way_in_(std::move(way_in)) {}

void GuardedSink::require_welcome() {
    if (group_ == nullptr) fail(Code::protocol, "a receive begins with open");
    const Collection c = group_->snapshot();
    if (epoch_ < c.epoch) {
        fail(Code::stale_epoch, "epoch {} of '{}' is over; this site holds {}", epoch_.value,
             c.name, c.epoch.value);
    }
    if (epoch_ > c.epoch) {
        fail(Code::invalid_state, "epoch {} of '{}' is not known here; this site holds {}",
             epoch_.value, c.name, c.epoch.value);
    }
    admit_();
    const State state = state_of_replication(c);
    const bool receiving =
        c.place.role == Role::replica && (state == State::initial_replication ||
                                          state == State::replicating || state == State::critical);
    if (!receiving) {
        fail(state == State::suspended ? Code::in_use : Code::invalid_state,
             "'{}' takes no points now: it is {} ({})", c.name, name_of(c.place.state),
             name_of(c.place.role));
    }
}

// A full store is this side's trouble: it shows here, and every retained point stays as it is.
void GuardedSink::note_full_store(const Error& error) {
    group_->update([&](Collection& c) {
        c.trouble = error.what();
        if (const auto next = step(c.place, Event::cycle_failed)) c.place = *next;
    });
}

template <class Step>
auto GuardedSink::guarded(Step&& step) {
    require_welcome();
    try {
        return step();
    } catch (const Error& error) {
        if (error.code() == Code::no_space) note_full_store(error);
        throw;
    }
}

point::ReceiveState GuardedSink::open(const point::ReceiveHeader& header) {
    group_ = find_(header.collection);
    epoch_ = header.epoch;
    return guarded([&] { return sink_->open(header); });
}

std::uint64_t GuardedSink::begin_cut(const point::CutHeader& cut) {
    cut_ = cut;
    return guarded([&] { return sink_->begin_cut(cut); });
}

void GuardedSink::write(const point::Chunk& chunk) {
    guarded([&] { sink_->write(chunk); });
}

point::CompareAnswer GuardedSink::compare(std::uint32_t disk, std::uint64_t first_group,
                                          const std::vector<Hash>& groups) {
    require_welcome();
    return sink_->compare(disk, first_group, groups);
}

void GuardedSink::commit(const point::CutTrailer& trailer) {
    require_welcome();
    auto turn = group_->take_turn();
    guarded([&] { sink_->commit(trailer); });  // a failover may have had the turn before us
    after_commit();
}

// The point is durable; what follows only describes it, and the next start makes good what a crash
// leaves out here.
void GuardedSink::after_commit() {
    const sys::WallTime now = context_.world.clock.wall();
    group_->update([&](Collection& c) {
        for (const Event event : {Event::initial_received, Event::cycle_succeeded}) {
            if (const auto next = step(c.place, event)) c.place = *next;
        }
        c.initial_complete = true;
        c.last_apply_time = now;
        c.last_apply_consistency = cut_.consistency;
        c.trouble.clear();
        c.members.clear();
        for (const VmDefinition& vm : cut_.vms) c.members.push_back(vm.id.text());
    });
    group_->wake();
}

}  // namespace reviver::replication
