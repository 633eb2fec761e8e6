// What the engine keeps in the repository, and its text form: JSON objects, one a document. Reading
// checks every field: a document that does not make sense is Code::corrupt, never a crash.
#pragma once

#include "base/extents.h"
#include "model/job.h"
#include "model/point.h"
#include "model/replication.h"
#include "replication/state_machine.h"
#include "replication/statistics.h"
#include "sys/network.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reviver::replication {

// What a paired site may do here: replicate to this one.
struct Authorization {
    // Which primaries may follow one another: one takes over what another of its group has left
    // here. "": none.
    std::string trust_group;

    bool operator==(const Authorization&) const = default;
};

// A paired site.
struct Peer {
    std::string name;         // unique; what RecoveryConnectionPoint says
    std::string site_id;      // "" until the first contact
    std::string fingerprint;  // SHA-256 of its certificate, 64 hex digits
    sys::Endpoint endpoint;
    std::optional<Authorization> authorization = Authorization{};  // nothing: taken away
};

// What one side knows to have changed on a disk since the shared point of a reverse. `known` false:
// only a compare can tell.
struct DiskChanges {
    DiskKey key;
    bool known = false;
    std::vector<Range> ranges;
};

// How a reverse went, for people: what travelled and how it was found.
struct ReverseReport {
    std::uint64_t bitmap_disks = 0;
    std::uint64_t compared_disks = 0;
    std::uint64_t differing_bytes = 0;  // what either side had written since the shared point
    std::uint64_t sent_bytes = 0;       // on the wire, everything counted
};

// What was asked for that the background brings about, and what it may not do by itself.
struct Agenda {
    bool initial_asked = false;
    InitialReplication initial_type = InitialReplication::network;
    sys::WallTime initial_at;  // not before
    bool resync_asked = false;
    sys::WallTime resync_at;
    bool resync_cancelled = false;  // not again before it is asked for
    // Not 0: disks without a known gap are compared too. Another number for every time it is asked.
    std::uint64_t compare_all = 0;
};

// A change of the set of disks that is under way: replication/disk_set.h.
struct DiskUpdate {
    std::vector<std::string> before;  // IncludedDisks, to go back to
    std::vector<DiskKey> coming;      // wanted, and in no point yet
    bool copied = false;              // all that is coming is at the other side
    std::uint64_t bytes_done = 0;     // of the copies, as far as the other side said
    std::uint64_t bytes_due = 0;
    std::string trouble;  // why it failed; "" when not
    JobId job;            // ends with it
};

// A test of a replica: VMs of their own on one of its points, beside it.
struct Trial {
    CollectionId collection;  // of the test's VMs
    Sequence point;           // pinned as long as there is a test
    std::vector<VmId> vms;    // the test's own
    // Where the replica was when it began, and is again when the VMs are made.
    State before = State::replicating;
};

// The initial copy on its way to the other side on a medium. The point on it counts as the other
// side's from the moment it is complete; what is written later is its delta.
struct Export {
    std::string directory;  // "": there is none
    bool complete = false;  // written, and not known to be imported
    Sequence sequence;      // of the point on the medium, when complete
    CutId cut;
    sys::WallTime written;
};

// A collection and its relationship. On both sites the id is the same; everything else is this
// site's own view.
struct Collection {
    CollectionId id;
    std::string name;
    bool of_collections = false;       // Msvm_ManagementCollection: members are collections
    std::vector<std::string> members;  // ids, in the order they were added

    Place place;
    Epoch epoch;  // of the relationship; 0 without one
    std::string peer;
    std::string peer_fingerprint;  // of the peer when it was last reached from here
    Settings settings;
    FailoverType failover_type = FailoverType::none;
    bool initial_complete = false;

    // Primary: what is known to be durable on the other side.
    Sequence last_sequence;
    std::vector<DiskShape> shapes;  // of the last durable point
    Sequence offered;               // point that is being sent, when its disks are others
    std::vector<DiskShape> offered_shapes;
    std::optional<DiskUpdate> disk_update;
    JobId updated_by;                 // the job of the last update that ended well
    std::vector<DiskKey> leaving;     // in no new point: what notes their changes is to be removed
    std::string trouble;              // why critical; "" when not
    sys::WallTime last_application;   // when the last application-consistent point was cut
    std::string quiesce_trouble;      // why the last attempt at one failed; "" when it did not
    std::vector<std::string> to_run;  // planned failover: members that ran when it began
    bool fenced = false;  // the other side has gone on: this side must not write or send
    Agenda agenda;
    Export exported;

    // Who made what is here of another site, and of which trust group it was; kept when the
    // relationship is removed. "" when nobody else did.
    std::string made_by;
    std::string made_in_group;

    // Recovery: the point that the VMs run from (states 4 to 6 and 16).
    Sequence failover_point;
    Epoch failover_epoch;    // in which the failover was made; a commit ends it
    bool flattened = false;  // after a commit: the VMs' disks need the store's layers no more

    // Recovery: from the moment a test is begun until nothing of it is left.
    std::optional<Trial> trial;

    // Recovery: LastApply... of the newest point.
    sys::WallTime last_apply_time;
    Consistency last_apply_consistency = Consistency::group_crash;

    // Reverse: the new primary has not yet brought the old one up to date.
    bool reverse_pending = false;
    Sequence shared_point;
    std::vector<DiskChanges> changes;  // old primary: what it wrote since the shared point
    ReverseReport reverse_report;
};

// How replication is doing, whether or not a test is being made meanwhile.
State state_of_replication(const Collection& collection);

std::string to_text(const Collection& collection);
Collection collection_from_text(std::string_view text);

std::string to_text(const Job& job);
Job job_from_text(std::string_view text);

std::string to_text(const Peer& peer);
Peer peer_from_text(std::string_view text);

std::string to_text(const Statistics& statistics);
Statistics statistics_from_text(std::string_view text);

}  // namespace reviver::replication
