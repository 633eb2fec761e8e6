// Where the data of one disk of a receive goes: into the base while the disk has no point, else
// into a layer on the parent point. Private to the folder; belongs to the task that has the
// receive.
#pragma once

#include "point/point.h"
#include "store/base_file.h"
#include "store/context.h"
#include "store/layer_writer.h"

#include <memory>

namespace reviver::store {

class Target {
  public:
    virtual ~Target() = default;
    virtual void write(std::uint64_t offset, ByteView data) = 0;
    virtual void zero(Range range) = 0;
    // What the disk holds now: the parent with what was written.
    virtual point::Image& content() = 0;
    // Makes what was written so far durable where that helps a restart; layers do not survive one.
    virtual void mark() = 0;
    // Makes all durable, with the layer under its incoming name. Answers what the layer takes. May
    // be repeated.
    virtual std::uint64_t finish() = 0;
};

struct TargetPlan {
    const CollectionRow& collection;
    const DiskRow& disk;
    ReceiveId receive;
    Sequence sequence;  // of the point it becomes
    Sequence parent;    // 0 for a disk that has no point
    std::uint64_t size_bytes = 0;
    point::Bulk bulk = point::Bulk::none;
};

// To be called with the files' turn: it opens the parent's files.
std::unique_ptr<Target> make_base_target(Context& context, const TargetPlan& plan);
std::unique_ptr<Target> make_layer_target(Context& context, const TargetPlan& plan);

}  // namespace reviver::store
