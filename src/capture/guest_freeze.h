// Freezes the file systems of a group's guests around a hold, through the agents in them, so that
// what the cut shows was put in order by those who wrote it.
//
//     vm a   ──freeze──┐ wait ├┄┄ frozen ┄┄[ the group is held ]┄┄┤├──thaw──
//     vm b   ──freeze────────┤├┄┄ frozen ┄┄[ the group is held ]┄┄┤├────thaw──
//     vm c   ──freeze───┐ wait├┄┄ frozen ┄┄[ the group is held ]┄┄┤├─thaw──
//                             ^ all are frozen                    ^ end()
//
// A guest that stays frozen is worse than a point that is less consistent. Therefore:
//   * Whom an agent is asked to freeze is on record before, until the guest is known to be thawed:
//     if the daemon dies meanwhile, the next one thaws them first thing.
//   * Each guest has a task of its own, from the freeze to the thaw. It thaws as soon as another
//     guest cannot be frozen, at end(), and some time after its freeze whatever the cut is doing.
//   * A freeze whose answer is late may come about yet (a hook that hung, and ends): such a guest
//     is told to thaw again and again until its agent says so, or its QEMU is gone. That goes on
//     behind, and the guest is not frozen again before.
//
// One Freezer for a site; it outlives what it made. Any thread.
#pragma once

#include "capture/hold_record.h"
#include "capture/limits.h"
#include "hypervisor/hypervisor.h"
#include "sys/world.h"

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace reviver::capture {

struct FreezeFailure {
    VmId vm;
    std::string text;  // for people: names the VM, and says what to do
};

// A group that was asked to freeze. Destroying it ends it.
class GroupFreeze {
  public:
    virtual ~GroupFreeze() = default;
    // Who could not be frozen; none: all are.
    virtual std::vector<FreezeFailure> failures() = 0;
    // Thaws, and waits for it, limits.h says how long. Answers who was not frozen all the time, or
    // is not known to be thawed: with none, what happened before the call happened to a group that
    // was frozen.
    virtual std::vector<FreezeFailure> end() = 0;
};

class Freezer {
  public:
    Freezer(hypervisor::Hypervisor& hypervisor, sys::World& world, const FreezeTimes& times = {});
    // Whoever is still frozen then is asked once more; the record keeps who did not answer.
    ~Freezer();
    Freezer(const Freezer&) = delete;
    Freezer& operator=(const Freezer&) = delete;

    // Returns when all of the VMs are frozen, one cannot be, or time is up. A VM that is off is as
    // it should be and is not asked. The record is in `directory`, which belongs to the group.
    // Code::stopped when `stopped`.
    std::unique_ptr<GroupFreeze> freeze(const sys::Path& directory,
                                        const std::vector<hypervisor::Domain>& vms,
                                        const std::function<bool()>& stopped);

    // Thaws those whom an earlier life of the daemon left frozen. Waits a little for it, and goes
    // on behind.
    void thaw_left_over(const sys::Path& directory);

  private:
    class Guest;
    class Group;
    class Frozen;

    HoldRecord record_in(const sys::Path& directory);
    void note(const sys::Path& directory, const std::vector<RecordedVm>& vms);
    void strike_out(const sys::Path& directory, VmId vm);
    std::vector<FreezeFailure> why_not(const std::vector<hypervisor::Domain>& vms);
    std::string why_not(const hypervisor::Domain& vm);
    std::shared_ptr<Guest> left_over(const sys::Path& directory, const RecordedVm& recorded);
    void start(const std::shared_ptr<Group>& group, const std::shared_ptr<Guest>& guest,
               bool freezes);
    void freeze_one(Group& group, Guest& guest);
    void thaw_surely(Group& group, Guest& guest);
    bool thaw_once(Group& group, Guest& guest, bool first);
    bool is_gone(const Guest& guest);
    bool rest(sys::Duration length);
    void reap();

    hypervisor::Hypervisor& hypervisor_;
    sys::World& world_;
    const FreezeTimes times_;

    std::mutex mutex_;  // over what follows
    std::condition_variable changed_;
    bool stopping_ = false;
    std::map<VmId, std::shared_ptr<Guest>> busy_;  // asked to freeze, and not known to be thawed
    std::vector<std::pair<std::shared_ptr<Guest>, std::unique_ptr<sys::Task>>> tasks_;

    std::mutex record_mutex_;
};

}  // namespace reviver::capture
