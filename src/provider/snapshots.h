// Instances as they were seen last, and what is different now: events are made by comparing, so
// none is told that shows nothing new, and nothing that changed is left out.
#pragma once

#include "cim/event_bus.h"
#include "cim/instance.h"
#include "cim/object_path.h"

#include <map>
#include <string>
#include <vector>

namespace reviver::provider {

struct Seen {
    cim::ObjectPath path;  // with its namespace
    cim::Instance instance;
};

class Snapshots {
  public:
    // What `now` shows of `topic` in place of what was seen of it before. Of properties that change
    // with every look, no difference is told: ElapsedTime.
    std::vector<cim::Event> differences(const std::string& topic, std::vector<Seen> now,
                                        cim::DateTime time);
    std::vector<std::string> topics() const;

  private:
    std::map<std::string, std::map<std::string, Seen>> seen_;  // by topic and path
};

}  // namespace reviver::provider
