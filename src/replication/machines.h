// What replication needs of the machines at its own site, and nothing more: the disks of a running
// group to read from, and the VMs of a recovery point to set up. The live one
// (replication/live_machines.h) stands on capture, recovery and libvirt; the simulator has model
// machines.
//
// Threads: calls about one collection come from one task at a time.
#pragma once

#include "base/error.h"
#include "base/extents.h"
#include "model/point.h"
#include "point/cut_wish.h"
#include "point/image.h"
#include "point/point.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace reviver::replication {

struct VmFailure {
    VmId vm;
    std::string text;
    Code code = Code::failed;
};

// One held moment of the group. Its source can be read until it is finished.
class Cut {
  public:
    virtual ~Cut() = default;
    virtual const point::CutHeader& header() const = 0;
    virtual point::Source& source() = 0;
    virtual sys::Duration hold() const = 0;  // how long the guests stood still
    // Why it is not application consistent, where that was wished for; empty when it is.
    virtual std::vector<VmFailure> freeze_failures() const = 0;
};

// What a point needs before its delta: for each disk, and the receive to bring it in. The receive
// is the same as in an earlier attempt exactly when everything that one copied is still good, also
// after a restart of the daemon.
struct Tracking {
    ReceiveId receive;
    std::vector<point::Bulk> bulks;
    std::vector<std::uint64_t> copies{};  // point::ReceiveHeader::Disk::copy
    std::vector<RangeSet> grown{};        // what a disk has more of than at the point: all new
};

// Says which disks of the VMs are meant.
using DiskChoice = std::function<bool(const DiskKey&)>;

// The disks of a group at its primary.
//
// Bits that say what changed since point n are kept until finish(cut, true) for a later point; that
// is what lets every failure be repeated. See point/point.h.
class GroupDisks {
  public:
    virtual ~GroupDisks() = default;

    virtual std::vector<VmDefinition> vms() = 0;
    // Everything below is about these disks of the VMs, until another choice is made. What is noted
    // of others goes on being noted.
    virtual void choose(DiskChoice choice) = 0;
    virtual std::vector<DiskShape> shapes() = 0;

    // Makes sure that from now on every change is noted, and tells for each disk of shapes() what a
    // point after `durable` needs before its delta: nothing, a compare, or everything. `known` are
    // the disks of the point `durable`.
    virtual Tracking track(Sequence durable, const std::vector<DiskShape>& known) = 0;

    // The disk as it is while it changes, for bulk stages. `disk` counts as in shapes().
    virtual std::unique_ptr<point::Image> live_image(std::uint32_t disk) = 0;
    virtual std::unique_ptr<point::Source> bulk_source(std::uint32_t disk, RangeSet ranges) = 0;

    virtual std::unique_ptr<Cut> cut(Sequence sequence, const point::CutWish& wish) = 0;
    // `durable`: the point is safe at the other side, its bits may go. Otherwise they are kept for
    // the next cut.
    virtual void finish(std::unique_ptr<Cut> cut, bool durable) = 0;

    // What changed since the point; nothing where that is not known.
    virtual std::optional<RangeSet> changed_since(std::uint32_t disk, Sequence sequence) = 0;
    virtual std::uint64_t pending_bytes() = 0;
    virtual void stop_tracking() = 0;
    // Nothing is noted of these any more. Those that no VM has are passed over.
    virtual void let_go(const std::vector<DiskKey>& disks) = 0;
};

// A recovery point's disk as files: the top of its chain, and the image at the bottom.
struct PointDisk {
    DiskShape shape;
    sys::Path top;
    std::string top_format;
    sys::Path base;
    std::string base_format;
};

struct FailoverPlan {
    CollectionId collection;
    std::string collection_name;
    Epoch epoch;
    Sequence sequence;
    std::vector<VmDefinition> vms;
    std::vector<PointDisk> disks;
};

// How VMs are turned off: through the guest agent where one answers, else by ACPI; asked again, by
// ACPI, as long as they do not end.
struct ShutDown {
    sys::Duration patience{};
    bool force = false;  // then the plug is pulled, else Code::timeout, which names them
    std::function<bool()> cancelled = [] { return false; };
    std::function<void(const std::string& status)> told = [](const std::string&) {};
};

// VMs of their own on a point, beside the replica: a test. Each has the definition and the disks of
// its original in the point.
struct TrialVm {
    VmId id;
    std::string name;
    VmId original;
};

struct TrialPlan {
    CollectionId collection;  // of the test; the point's is the replica
    FailoverPlan point;       // pinned
    std::vector<TrialVm> vms;
};

// A disk of a VM at this site, as a file.
struct OwnDisk {
    DiskShape shape;
    sys::Path path;
    std::string format;
};

// A disk that a VM had at this site before it became a replica.
struct SeedDisk {
    OwnDisk disk;
    std::string trouble;  // why it cannot be used, with only the key valid above; "" when it can
};

class Machines {
  public:
    virtual ~Machines() = default;

    virtual std::unique_ptr<GroupDisks> group(CollectionId collection, const std::vector<VmId>& vms,
                                              const std::vector<std::string>& included_disks) = 0;

    // Those of the VMs that are on.
    virtual std::vector<VmId> running(const std::vector<VmId>& vms) = 0;
    virtual void shut_down(const std::vector<VmId>& vms, const ShutDown& how) = 0;
    // A locked VM cannot be started; the text tells whoever tries why. Idempotent both.
    virtual void lock(const std::vector<VmId>& vms, const std::string& why) = 0;
    virtual void unlock(const std::vector<VmId>& vms) = 0;

    // A recovery site shows the VMs it can bring up: defined, locked. `forget` removes those that
    // were made here and not failed over, and gives those that were there before back to their
    // users.
    virtual void show_replicas(CollectionId collection, const std::string& name,
                               const std::vector<VmDefinition>& vms) = 0;
    virtual void forget_replicas(CollectionId collection, const std::vector<VmId>& vms) = 0;

    // Sets the VMs up on the point, each disk on an overlay that notes every change from its first
    // write on. Not started. Repeating finishes what is missing; answers the VMs that could not be
    // set up.
    virtual std::vector<VmFailure> fail_over(const FailoverPlan& plan) = 0;
    virtual void revert_failover(const FailoverPlan& plan) = 0;
    virtual void start(const std::vector<VmId>& vms) = 0;
    // Copies what the layers hold into the VMs' own images, so that only the base stays under them.
    // Of the VMs that run; answers whether all disks of the plan are done. Beginning again after a
    // crash goes on.
    virtual bool flatten(const FailoverPlan& plan,
                         const std::function<void(unsigned percent)>& progress,
                         const std::function<bool()>& cancelled) = 0;

    // Defines the VMs of a test, each disk on an overlay of its own, on a network that leads
    // nowhere. Not started. Repeating finishes what is missing and leaves alone what is there;
    // answers the VMs that could not be made.
    virtual std::vector<VmFailure> make_trial(const TrialPlan& plan) = 0;
    // Powers them off and removes all that there is of them, complete or not. Idempotent.
    virtual void remove_trial(CollectionId trial, const std::vector<VmId>& vms) = 0;

    // The name of a VM at this site; nothing when there is none.
    virtual std::optional<std::string> vm_name(VmId vm) = 0;

    // The disks that replicas had here before they became that. Code::invalid_state when one of the
    // VMs is on.
    virtual std::vector<SeedDisk> seed_disks(const std::vector<DiskKey>& keys) = 0;
    // The latest epoch that files of these VMs are named by; a later one is free. 0: none.
    virtual Epoch epoch_used(const std::vector<VmId>& vms) = 0;

    virtual std::vector<OwnDisk> own_disks(const std::vector<VmId>& vms,
                                           const std::vector<std::string>& included_disks) = 0;
};

}  // namespace reviver::replication
