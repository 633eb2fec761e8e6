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
    std::string trust_group;  // for people: which primaries belong together

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
    Settings settings;
    FailoverType failover_type = FailoverType::none;
    bool initial_complete = false;

    // Primary: what is known to be durable on the other side.
    Sequence last_sequence;
    std::vector<DiskShape> shapes;  // of the last durable point
    std::string trouble;            // why critical; "" when not
    bool fenced = false;            // the other side has gone on: this side must not write or send
    Agenda agenda;
    Export exported;

    // Recovery: the point that the VMs run from (states 4 to 6 and 16).
    Sequence failover_point;
    Epoch failover_epoch;    // in which the failover was made; a commit ends it
    bool flattened = false;  // after a commit: the VMs' disks need the store's layers no more

    // Recovery: LastApply... of the newest point.
    sys::WallTime last_apply_time;

    // Reverse: the new primary has not yet brought the old one up to date.
    bool reverse_pending = false;
    Sequence shared_point;
    std::vector<DiskChanges> changes;  // old primary: what it wrote since the shared point
    ReverseReport reverse_report;
};

std::string to_text(const Collection& collection);
Collection collection_from_text(std::string_view text);

std::string to_text(const Job& job);
Job job_from_text(std::string_view text);

std::string to_text(const Peer& peer);
Peer peer_from_text(std::string_view text);

std::string to_text(const Statistics& statistics);
Statistics statistics_from_text(std::string_view text);

}  // namespace reviver::replication
