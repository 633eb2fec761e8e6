// The site's policy as it holds now: it may change while cycles run, and what runs keeps to the
// change.
//
// Each collection has a limit of its own, which all links that this site makes for it share; the
// limit of the site is shared by every link, in both directions. A link that a paired site made to
// this one pays to the site's limit alone: whose traffic it is, its maker's configuration says.
//
// Any task may call.
#pragma once

#include "model/replication.h"
#include "model/site_policy.h"
#include "store/retention.h"
#include "sys/clock.h"
#include "wire/bandwidth.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace reviver::replication {

class Policy {
  public:
    explicit Policy(sys::Clock& clock, SitePolicy policy = {});

    // Links that are open keep to it at once. Error invalid_parameter for a rate that is too low.
    void set(SitePolicy policy);
    // Of a relationship with these settings.
    store::RetentionPolicy retention(const Settings& settings, sys::WallTime now) const;

    std::shared_ptr<wire::BandwidthLimit> site_limit() const { return site_limit_; }
    std::shared_ptr<wire::BandwidthLimit> limit_of(CollectionId id, const std::string& name);
    // Bytes a second that hold now, 0: unlimited.
    std::uint64_t site_rate() const { return site_limit_->rate(); }
    std::uint64_t rate_of(CollectionId id, const std::string& name) const;

  private:
    struct Limited {
        std::string name;
        std::shared_ptr<wire::BandwidthLimit> limit;
    };

    sys::Clock& clock_;
    const std::shared_ptr<wire::BandwidthLimit> site_limit_;
    mutable std::mutex mutex_;  // over what follows
    SitePolicy policy_;
    std::map<CollectionId, Limited> limits_;
};

}  // namespace reviver::replication
