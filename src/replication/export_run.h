// An initial replication to a medium that is carried to the other site: the stages of a cycle, with
// a directory as their end (medium/export_sink.h).
//
//   track     every change from here on is noted
//   bulk, cut of all disks, on the medium; then its bytes are synced
//   finish    the bits from before the cut go; what is written from now on is the delta that
//             follows the import
//   commit    checksums and the manifest: the directory says that it is whole
//
// The point counts as the other side's only when the caller has put that on record. Until then the
// export begins anew after every interruption, and takes back what an earlier attempt left,
// complete or not.
#pragma once

#include "replication/cycle.h"
#include "replication/group.h"

namespace reviver::replication {

struct ExportResult {
    Sequence sequence;
    std::uint64_t bytes = 0;  // data that was written
};

// The caller holds the group's turn; the collection's `exported.directory` says where to. Also
// Code::no_space when the data does not fit, before any of it is written where that can be known.
ExportResult run_export(Context& context, Group& group, GroupDisks& disks,
                        const CycleRequest& request);

// Removes what an export that will not be completed left; a medium that was taken away keeps it,
// and says that it is unfinished.
void forget_export(Context& context, const Collection& collection);

}  // namespace reviver::replication
