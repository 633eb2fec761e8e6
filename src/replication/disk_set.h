// Which disks of a group are replicated, and how that set changes while replication goes on.
//
//   wanted    the disks that the VMs have now, as far as IncludedDisks takes them
//   present   those of the newest point
//   coming    wanted, and in no point yet: a disk that was attached, or newly included
//
// An update of the disk set begins when somebody changes IncludedDisks, or by itself when a disk is
// coming. As long as one is, points are made of the set of the newest point, so that nobody's
// recovery point grows old because a large disk is being copied: the copy goes on between cycles
// (replication/disk_copy.h). When all of it is at the other side, the next cut has the wanted set,
// all of it at one moment, and the update ends with that point. Without a coming disk the next cut
// is already that one.
//
// The update is in the collection's document before anything is done for it, and is gone from it in
// the same change that notes the point that ends it. A job ends with it; of a job that is found
// running after a restart the document says how the update ended.
//
// Two kinds of cycles take the wanted set at once, however long that takes: the last one of a
// planned failover, which must not leave a disk behind, and one to a site that cannot keep a copy
// between points.
#pragma once

#include "replication/group.h"
#include "replication/machines.h"

#include <string>
#include <vector>

namespace reviver::replication {

// What IncludedDisks takes: all when it is empty.
DiskChoice included_in(const std::vector<std::string>& included_disks);
DiskChoice only(std::vector<DiskKey> keys);
// Everything that bitmaps may follow for this collection.
DiskChoice followed_of(const Collection& collection);

std::vector<DiskKey> keys_of(const std::vector<DiskShape>& shapes);
std::vector<DiskKey> missing_in(const std::vector<DiskShape>& shapes,
                                const std::vector<DiskShape>& there);

// There is a point to go on from with one set of disks while another is prepared.
bool has_set(const Collection& collection);
// To the members of the group; Code::invalid_parameter for a disk of another VM. `is_shared` is
// asked for a disk that is under no member's id and in no point: whether members share it.
void require_disks_of_members(const Collection& collection, const Settings& settings,
                              const DiskChoice& is_shared);

// Looks at what is coming among the `wanted` disks, and begins or corrects the update.
Collection note_wanted(Context& context, Group& group, const std::vector<DiskShape>& wanted);

// Begins an update that `job` ends, or changes the one that is under way; the settings are those
// of before. Answers the job of an earlier change, which this one replaces.
JobId begin_update(Collection& collection, JobId job);
// Part of the change that notes a point of the disks `made`. `planned` is the collection as it was
// when that point was planned. Answers the job that ends well.
JobId note_point_made(Collection& collection, const Collection& planned,
                      const std::vector<DiskShape>& made);
// Part of the change that notes that the other side has this point, of which no answer came.
void note_point_found(Collection& collection, Sequence newest);
// Part of a change that ends the update without a point: the relationship or the role ends, or
// somebody cancels it. Answers its job.
JobId drop_update(Collection& collection);
void fail_update_job(Context& context, JobId job, const std::string& why);

// IncludedDisks as it was before the update; the disks of the newest point by name where what was
// there before would bring the coming ones again.
std::vector<std::string> set_before(const Collection& collection);

// Back to the set of before, on both sides; the recovery side first. The caller has the group's
// turn. Code::invalid_state when no update is under way.
void cancel_update(Context& context, Group& group);

// Fails the update where it is: the group shows critical, and goes on with the set of before.
void note_update_failed(Group& group, const std::string& why);
void note_update_mended(Group& group);

}  // namespace reviver::replication
