// Taking in an initial copy that was exported to a medium: the recovery side's end of it.
//
// The files are read as any sender's chunks, into the store's ordinary receive, behind the guard of
// every receive; each file's checksum is known before the point is committed. The point has the
// number and the cut that the medium says, so the next cycle goes on from it with what was written
// since. What fails before the commit leaves nothing of the copy.
#pragma once

#include "medium/imported_copy.h"
#include "replication/group.h"
#include "replication/recovery_server.h"

namespace reviver::replication {

// Whether the copy is of this relationship, and it waits for one. Code::invalid_state with what to
// do.
void require_importable(Context& context, const Collection& collection,
                        const medium::Manifest& manifest);

void import_copy(Context& context, const std::shared_ptr<Group>& group,
                 RecoveryServer& recovery_server, const medium::ImportedCopy& copy, JobHandle& job,
                 const std::function<bool()>& stopped);

}  // namespace reviver::replication
