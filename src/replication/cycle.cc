#include "replication/cycle.h"

#include "base/check.h"
#include "base/error.h"
#include "base/log.h"
#include "point/copy.h"
#include "replication/agenda.h"
#include "replication/disk_set.h"
#include "replication/limits.h"
#include "replication/link.h"
#include "wire/compare.h"

#include <algorithm>

namespace reviver::replication {

namespace {

// Notes whether an error came from a cut, and not from the link that it is sent over.
class CutSource : public point::Source {
  public:
    CutSource(point::Source& source, bool& broke) : source_(source), broke_(broke) {}
    void start_at(std::uint64_t chunk_index) override {
        try {
            source_.start_at(chunk_index);
        } catch (const Error&) {
            broke_ = true;
            throw;
        }
    }
    std::optional<point::Chunk> next() override {
        try {
            return source_.next();
        } catch (const Error&) {
            broke_ = true;
            throw;
        }
    }
    std::uint64_t bytes_left() const override { return source_.bytes_left(); }

  private:
    point::Source& source_;
    bool& broke_;
};

// The state of one cycle while it runs.
class Cycle {
  public:
    Cycle(Context& context, Group& group, GroupDisks& disks, const CycleRequest& request)
        : context_(context), group_(group), disks_(disks), request_(request) {}

    CycleResult run();

  private:
    void open_link();
    void reach_old_primary();
    bool settle_import(const control::HelloAnswer& answer);
    void settle_lost_answer(Sequence newest);
    void choose_disks();
    bool may_wait_for_copies() const;
    bool copies_are_there() const;
    void plan(Sequence durable);
    void begin_receive(Sequence durable);
    void offer_other_disks();
    void compare_what_is_unknown();
    void open_sink();
    bool bulk_is_there() const;
    void send_bulk();
    void send_whole(std::uint32_t disk, std::uint64_t done);
    void send_compared(std::uint32_t disk);
    void send_changes(std::uint32_t disk);
    void send_ranges(std::uint32_t disk, const RangeSet& ranges);
    std::unique_ptr<Cut> make_cut();
    void send_cut(Cut& cut, point::CutDigest& digest);
    void send_cut_with_patience(Cut& cut);
    void remember();
    void let_go_of_leaving();
    point::Filters filters();
    void say(const std::string& status);
    void note_traffic();

    Context& context_;
    Group& group_;
    GroupDisks& disks_;
    const CycleRequest& request_;

    Collection collection_;
    Collection planned_;  // as it was when the disks were chosen
    std::unique_ptr<wire::PeerLink> link_;
    std::unique_ptr<point::Sink> sink_;
    point::ReceiveHeader header_;
    point::ReceiveState state_;
    std::vector<DiskShape> shapes_;  // of the disks that this cycle is about
    Tracking tracking_;
    bool keeps_copies_ = false;  // the other side does
    bool other_bulk_ = false;    // what bulk_done of the state says nothing about
    bool cut_begun_ = false;     // and answered
    bool cut_broke_ = false;     // it cannot be read any more
    Sequence durable_;
    bool other_copy_ = false;      // `durable_` is an exported copy, and not the one of our bits
    std::vector<DiskShape> seed_;  // what `durable_` holds when it is no point but a seed
    std::uint64_t bytes_due_ = 0;
    std::uint64_t bytes_done_ = 0;
    std::string status_;
    CycleResult result_;
};

void Cycle::say(const std::string& status) {
    status_ = status;
    if (!request_.progress) return;
    const std::uint64_t percent = bytes_due_ == 0 ? 0 : bytes_done_ * 100 / bytes_due_;
    request_.progress(static_cast<unsigned>(std::min<std::uint64_t>(percent, 99)), status);
}

point::Filters Cycle::filters() {
    point::Filters filters;
    filters.stopped = request_.stopped;
    filters.progress = [this, before = bytes_done_](const point::Copied& copied) {
        bytes_done_ = before + copied.data_bytes;
        say(status_);
    };
    return filters;
}

void Cycle::note_traffic() {
    if (link_ != nullptr) result_.sent_bytes += link_->traffic().sent_bytes;
}

void Cycle::open_link() {
    note_traffic();
    sink_.reset();
    link_ = connect(context_, collection_, collection_.peer);
    const auto peer = context_.peers.find(collection_.peer);
    if (!peer || peer->fingerprint == collection_.peer_fingerprint) return;
    collection_ = group_.update([&](Collection& c) { c.peer_fingerprint = peer->fingerprint; });
}

// After a reverse the other side is an old primary. It becomes our replica by this question, and
// tells what it had written since the shared point; both stay true however often it is asked.
void Cycle::reach_old_primary() {
    say("bringing the old primary in");
    const control::Reverse question{collection_.id, collection_.epoch, collection_.shared_point,
                                    collection_.name, collection_.settings};
    const auto answer = control::reverse_answer_from_text(
        ask(context_, *link_, "reverse", to_text(question), limits::reverse_patience));
    collection_ = group_.update([&](Collection& c) {
        c.changes = answer.changes;
        if (c.last_sequence < answer.newest) c.last_sequence = answer.newest;
    });
}

// An exported copy counts as the other side's; what is sent builds on it once it was imported.
// Answers whether it was. If it is another copy than the last that was written, our bits say
// nothing about it.
bool Cycle::settle_import(const control::HelloAnswer& answer) {
    const Export& copy = collection_.exported;
    const bool arrived = answer.seed.empty() && answer.newest >= copy.sequence;
    if (copy.complete && !arrived) {
        disks_.shapes();
        disks_.track(copy.sequence, collection_.shapes);  // of VMs that were started since
        return false;
    }
    other_copy_ = !copy.cut.is_none() && answer.newest == copy.sequence && answer.cut != copy.cut;
    if (!copy.complete) return true;
    if (other_copy_) log_warning("'{}': another copy than the last was imported", collection_.name);
    collection_ = group_.update([](Collection& c) {
        c.exported.complete = false;
        c.exported.directory.clear();
    });
    return true;
}

// The other side has a point that we sent, and we never heard so.
void Cycle::settle_lost_answer(Sequence newest) {
    if (newest == collection_.last_sequence) return;
    collection_ = group_.update([&](Collection& c) { note_point_found(c, newest); });
}

bool Cycle::may_wait_for_copies() const {
    return keeps_copies_ && request_.kind == PointKind::regular && has_set(collection_);
}

// Which disks this cycle is about; see replication/disk_set.h. The settings may change at any time:
// the point counts for those that the disks were chosen by.
void Cycle::choose_disks() {
    const Settings chosen_by = group_.snapshot().settings;
    disks_.choose(included_in(chosen_by.included_disks));
    shapes_ = disks_.shapes();
    collection_ = note_wanted(context_, group_, shapes_);
    planned_ = collection_;
    planned_.settings = chosen_by;
    const bool waits = may_wait_for_copies() && collection_.disk_update &&
                       !collection_.disk_update->coming.empty() && !collection_.disk_update->copied;
    if (!waits) return;
    disks_.choose(only(keys_of(collection_.shapes)));
    const auto before = disks_.shapes();
    if (!before.empty()) {
        shapes_ = before;
        return;
    }
    disks_.choose(included_in(chosen_by.included_disks));
    shapes_ = disks_.shapes();
}

// A receive is begun for the disks as planned: one in which all are compared is another one than
// the same without.
ReceiveId receive_for(ReceiveId tracked, std::uint64_t compare_all) {
    auto bytes = tracked.uuid().bytes();
    for (std::size_t i = 0; i < sizeof compare_all; ++i)
        bytes[i] ^= static_cast<std::uint8_t>(compare_all >> (8 * i));
    return ReceiveId(Uuid(bytes));
}

void Cycle::plan(Sequence durable) {
    durable_ = durable;
    say("noting changes");
    choose_disks();
    if (shapes_.empty())
        fail(Code::invalid_state, "'{}' has no disk to replicate", collection_.name);
    const Sequence tracked_from = collection_.reverse_pending ? collection_.shared_point : durable;
    const auto known = durable.value == 0 ? std::vector<DiskShape>{}
                       : seed_.empty()    ? collection_.shapes
                                          : seed_;
    tracking_ = disks_.track(tracked_from, known);
    REVIVER_CHECK(tracking_.bulks.size() == shapes_.size());
    REVIVER_CHECK(tracking_.copies.size() == shapes_.size());
    REVIVER_CHECK(tracking_.grown.size() == shapes_.size());

    header_.collection = collection_.id;
    header_.epoch = collection_.epoch;
    header_.parent = durable;
    header_.compressed = collection_.settings.compression;
    header_.disks.clear();
    bytes_due_ = 0;
    for (std::size_t i = 0; i < shapes_.size(); ++i) {
        header_.disks.push_back({shapes_[i], tracking_.bulks[i], tracking_.copies[i]});
        if (tracking_.bulks[i] != point::Bulk::none) bytes_due_ += shapes_[i].size_bytes;
    }
    header_.id = receive_for(tracking_.receive, collection_.agenda.compare_all);
    header_.sequence = durable.next();
}

bool changes_are_known(const Collection& collection, const DiskKey& key) {
    if (!collection.reverse_pending) return true;
    return std::any_of(collection.changes.begin(), collection.changes.end(),
                       [&](const DiskChanges& c) { return c.key == key && c.known; });
}

// Where the record of changes has a gap (a QEMU was killed, an old primary cannot tell), only a
// compare finds what differs. Outside of an initial replication and a reverse that is a
// resynchronization, which the settings may reserve for a person to start.
void Cycle::compare_what_is_unknown() {
    bool gap = false;
    for (auto& disk : header_.disks) {
        // Of a seed no bitmap says anything, whatever it is called.
        const bool asked = collection_.agenda.compare_all != 0 || !seed_.empty() || other_copy_;
        if (disk.bulk == point::Bulk::none &&
            (asked || !changes_are_known(collection_, disk.shape.key))) {
            disk.bulk = point::Bulk::compare;
        }
        gap = gap || disk.bulk == point::Bulk::compare;
    }
    if (!gap || !collection_.initial_complete || collection_.reverse_pending ||
        !step_exists(collection_.place, Event::resync_needed)) {
        return;
    }
    collection_ = group_.advance(Event::resync_needed);
    const sys::WallTime now = context_.world.clock.wall();
    if (!resync_is_due(collection_, now)) {
        fail(Code::stopped, "changes of '{}' were lost track of; {}", collection_.name,
             agenda_text(collection_, now));
    }
    collection_ = group_.advance(Event::resync_started);
}

// A receiver that was restarted goes on with a full copy, but from an earlier mark. Of any other
// bulk only an answer that came after it says that it arrived: chunks are streamed.
bool Cycle::bulk_is_there() const {
    if (other_bulk_ && !cut_begun_) return false;
    for (std::size_t i = 0; i < header_.disks.size(); ++i) {
        const auto& disk = header_.disks[i];
        const std::uint64_t done = i < state_.bulk_done.size() ? state_.bulk_done[i] : 0;
        if (disk.bulk == point::Bulk::full && done < disk.shape.size_bytes) return false;
    }
    return true;
}

void Cycle::open_sink() {
    sink_ = link_->sink();
    state_ = sink_->open(header_);
}

// Of the disks that are in no point yet.
bool Cycle::copies_are_there() const {
    for (std::size_t i = 0; i < header_.disks.size(); ++i)
        if (header_.disks[i].bulk == point::Bulk::full &&
            state_.bulk_done.at(i) < header_.disks[i].shape.size_bytes)
            return false;
    return true;
}

// What is on record as copied may be lost: a QEMU was killed, or the other side's disk failed. Then
// the copy begins again, and this cycle goes on without.
void Cycle::begin_receive(Sequence durable) {
    plan(durable);
    compare_what_is_unknown();
    open_sink();
    const bool counted_on =
        may_wait_for_copies() && collection_.disk_update && collection_.disk_update->copied;
    if (state_.committed || !counted_on || copies_are_there()) return;
    log_info("'{}': what was copied of new disks is not all there; it is copied again",
             collection_.name);
    collection_ = group_.update([](Collection& c) {
        if (c.disk_update) c.disk_update->copied = false;
    });
    plan(durable);
    compare_what_is_unknown();
    open_sink();
}

// When the answer to the commit is lost, the other side's newest point may have other disks than
// the last one that is known here.
void Cycle::offer_other_disks() {
    if (shapes_ == collection_.shapes && collection_.offered != header_.sequence) return;
    collection_ = group_.update([&](Collection& c) {
        c.offered = header_.sequence;
        c.offered_shapes = shapes_;
    });
}

void Cycle::send_whole(std::uint32_t disk, std::uint64_t done) {
    const DiskShape& shape = header_.disks[disk].shape;
    bytes_done_ += done;
    if (done >= shape.size_bytes) return;
    const auto source = disks_.bulk_source(disk, RangeSet{{done, shape.size_bytes - done}});
    point::CutDigest unused;
    const auto copied = point::copy_chunks(*source, *sink_, unused, 0, filters());
    result_.bulk_bytes += copied.data_bytes;
}

void Cycle::send_compared(std::uint32_t disk) {
    const auto image = disks_.live_image(disk);
    wire::CompareFilters filters;
    filters.stopped = request_.stopped;
    filters.progress = [this, before = bytes_done_](const wire::CompareResult& done) {
        bytes_done_ = before + done.compared_bytes;
        say(status_);
    };
    const auto compared = wire::compare_disk(context_.world, *image, disk, *sink_, filters);
    ++result_.compared_disks;
    result_.bulk_bytes += compared.differing_bytes;
}

// What the old primary wrote since the shared point and we did not: its content has to become ours
// there too.
void Cycle::send_changes(std::uint32_t disk) {
    const DiskShape& shape = header_.disks[disk].shape;
    for (const DiskChanges& change : collection_.changes) {
        if (change.key != shape.key || !change.known) continue;
        RangeSet ranges;
        for (const Range& range : change.ranges) ranges.add(range);
        ranges.subtract({shape.size_bytes, UINT64_MAX - shape.size_bytes});
        send_ranges(disk, ranges);
    }
}

void Cycle::send_ranges(std::uint32_t disk, const RangeSet& ranges) {
    if (ranges.empty()) return;
    const auto source = disks_.bulk_source(disk, ranges);
    point::CutDigest unused;
    const auto copied = point::copy_chunks(*source, *sink_, unused, 0, filters());
    result_.bulk_bytes += copied.data_bytes;
}

void Cycle::send_bulk() {
    other_bulk_ = collection_.reverse_pending ||
                  std::any_of(header_.disks.begin(), header_.disks.end(),
                              [](const auto& d) { return d.bulk == point::Bulk::compare; }) ||
                  std::any_of(tracking_.grown.begin(), tracking_.grown.end(),
                              [](const RangeSet& grown) { return !grown.empty(); });
    for (std::uint32_t disk = 0; disk < header_.disks.size(); ++disk) {
        const auto& planned = header_.disks[disk];
        const std::string name = planned.shape.key.target;
        const std::uint64_t before = result_.bulk_bytes;
        switch (planned.bulk) {
            case point::Bulk::none:
                send_changes(disk);
                send_ranges(disk, tracking_.grown[disk]);
                break;
            case point::Bulk::full:
                say(fmt::format("copying {}", name));
                send_whole(disk, state_.bulk_done.empty() ? 0 : state_.bulk_done[disk]);
                break;
            case point::Bulk::compare:
                say(fmt::format("comparing {}", name));
                send_compared(disk);
                break;
        }
        result_.disks.push_back({planned.shape.key, planned.bulk, result_.bulk_bytes - before});
    }
}

void Cycle::send_cut(Cut& cut, point::CutDigest& digest) {
    const std::uint64_t arrived = sink_->begin_cut(cut.header());
    cut_begun_ = true;
    CutSource source(cut.source(), cut_broke_);
    source.start_at(arrived);
    const auto copied = point::copy_chunks(source, *sink_, digest, arrived, filters());
    result_.delta_bytes += copied.data_bytes;
    say("making the point durable");
    sink_->commit(digest.trailer());
}

// A broken connection does not cost the cut: the guests were held for it, so it is taken up again
// where it broke off. A cut that broke itself, as when a VM was started meanwhile, is not waited
// for: the next cycle makes another.
void Cycle::send_cut_with_patience(Cut& cut) {
    point::CutDigest digest;
    for (unsigned attempt = 0;; ++attempt) {
        try {
            if (attempt > 0) {
                context_.world.clock.sleep_until(
                    context_.world.clock.after(limits::retry_first * (1 << attempt) / 2));
                open_link();
                open_sink();
                if (state_.committed) return;
                // The other side lost what it had of this receive, or some of the bulk: only a new
                // cycle helps.
                if (state_.fresh || !bulk_is_there())
                    fail(Code::in_use, "the other side was restarted during the cycle");
            }
            return send_cut(cut, digest);
        } catch (const Error& error) {
            if (cut_broke_ || reaction_to(error.code()) != Reaction::reconnect ||
                attempt >= limits::cut_resumptions_max ||
                (request_.stopped && request_.stopped())) {
                throw;
            }
            log_info("'{}': {}; the cut is continued", collection_.name, error.what());
        }
    }
}

void Cycle::remember() {
    collection_ = group_.update([&](Collection& c) {
        c.last_sequence = header_.sequence;
        result_.updated_disks = note_point_made(c, planned_, shapes_);
        c.initial_complete = true;
        c.exported = {};
        const bool in_trouble = c.disk_update && !c.disk_update->trouble.empty();
        if (!in_trouble) c.trouble.clear();
        if (c.reverse_pending) {
            c.reverse_pending = false;
            c.changes.clear();
            c.reverse_report = {header_.disks.size() - result_.compared_disks,
                                result_.compared_disks, result_.bulk_bytes + result_.delta_bytes,
                                result_.sent_bytes};
        }
    });
}

// Disks that the new point does not have any more: nobody will ask what was written to them.
void Cycle::let_go_of_leaving() {
    if (collection_.leaving.empty()) return;
    std::vector<DiskKey> gone = collection_.leaving;
    Collection stays = collection_;
    stays.leaving.clear();
    std::erase_if(gone, followed_of(stays));
    try {
        disks_.let_go(gone);
        collection_ = group_.update([](Collection& c) { c.leaving.clear(); });
    } catch (const Error& error) {
        log_info("'{}': {}; the next cycle removes what followed disks that left", collection_.name,
                 error.what());
    }
}

std::unique_ptr<Cut> Cycle::make_cut() {
    point::CutWish wish(request_.kind);
    wish.stopped = request_.stopped;
    wish.quiesce = request_.quiesce && request_.quiesce();
    say(wish.quiesce ? "freezing the guests' file systems, cutting" : "cutting");
    auto cut = disks_.cut(header_.sequence, wish);
    if (wish.quiesce && request_.quiesced) request_.quiesced(*cut);
    result_.hold = cut->hold();
    result_.consistency = cut->header().consistency;
    result_.cut_time = cut->header().time;
    return cut;
}

CycleResult Cycle::run() {
    const sys::MonoTime begun = context_.world.clock.mono();
    collection_ = group_.snapshot();
    say("connecting");
    open_link();
    Sequence durable;
    if (collection_.reverse_pending) {
        reach_old_primary();
        durable = collection_.last_sequence;
    } else {
        const auto answer = greet(context_, *link_, collection_);
        if (!settle_import(answer)) {
            note_traffic();
            result_.waits_for_import = true;
            return result_;
        }
        durable = answer.newest;
        seed_ = answer.seed;
        keeps_copies_ = answer.keeps_copies;
        settle_lost_answer(durable);
    }
    begin_receive(durable);
    if (!state_.committed) {
        send_bulk();
        offer_other_disks();
        auto cut = make_cut();
        try {
            send_cut_with_patience(*cut);
        } catch (const Error&) {
            disks_.finish(std::move(cut), false);
            throw;
        }
        // Durable over there: from here on the bits of the point before are of no use to anybody.
        disks_.finish(std::move(cut), true);
    }
    note_traffic();
    result_.sequence = header_.sequence;
    remember();
    let_go_of_leaving();
    result_.took = context_.world.clock.mono() - begun;
    return result_;
}

}  // namespace

CycleResult run_cycle(Context& context, Group& group, GroupDisks& disks,
                      const CycleRequest& request) {
    return Cycle(context, group, disks, request).run();
}

}  // namespace reviver::replication
