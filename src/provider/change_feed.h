// Tells on the bus what changes in the collections, points, jobs and relationships of a site.
//
// The engine notes which collection or job changed; a thread here looks at it and compares it with
// what it saw last. Changes in quick succession are therefore told as one, with the last state.
// What nobody notes, because time alone changes it (a health that grows old, a job that is kept no
// longer), is seen by looking at all every limits::look_interval.
#pragma once

#include "cim/event_bus.h"
#include "cim/schema.h"
#include "provider/change_notes.h"
#include "provider/snapshots.h"
#include "replication/engine.h"

#include <memory>
#include <thread>

namespace reviver::provider {

class ChangeFeed {
  public:
    // All outlive it. `notes` is what the engine was given as its observer. What is there at the
    // start is not told.
    ChangeFeed(ChangeNotes& notes, replication::Engine& engine, cim::EventBus& bus);
    ~ChangeFeed();

  private:
    void run();
    void look_at_all();
    void look_at(const ChangeNotes::Changes& changes);
    void look_at_collection(CollectionId id);
    void look_at_points(CollectionId id);
    void look_at_job(JobId id);
    void compare(const std::string& topic, std::vector<cim::Instance> now,
                 const cim::Schema& schema);

    ChangeNotes& notes_;
    replication::Engine& engine_;
    cim::EventBus& bus_;
    std::shared_ptr<const cim::Schema> collections_schema_;
    std::shared_ptr<const cim::Schema> machines_schema_;
    Snapshots snapshots_;
    bool telling_ = false;  // not before the first look
    std::thread thread_;
};

}  // namespace reviver::provider
