#include "provider/change_feed.h"

#include "base/log.h"
#include "cim/builtin_schema.h"
#include "provider/limits.h"
#include "provider/live_instances.h"

#include <fmt/format.h>

namespace reviver::provider {

namespace {

// Topics: what is looked at together.
std::string collection_topic(CollectionId id) {
    return "collection " + id.text();
}
std::string relationship_topic(CollectionId id) {
    return "relationships " + id.text();
}
std::string points_topic(CollectionId id) {
    return "points " + id.text();
}
std::string job_topic(JobId id) {
    return "job " + id.text();
}

}  // namespace

ChangeFeed::ChangeFeed(ChangeNotes& notes, replication::Engine& engine, cim::EventBus& bus)
    : notes_(notes),
      engine_(engine),
      bus_(bus),
      collections_schema_(cim::load_hyperv_cluster_schema()),
      machines_schema_(cim::load_virtualization_schema()) {
    look_at_all();
    for (const replication::Collection& c : engine_.collections()) look_at_points(c.id);
    telling_ = true;
    thread_ = std::thread([this] { run(); });
}

ChangeFeed::~ChangeFeed() {
    notes_.stop();
    thread_.join();
}

void ChangeFeed::run() {
    auto last_look = std::chrono::steady_clock::now();
    while (true) {
        const ChangeNotes::Changes changes = notes_.take(limits::look_interval);
        if (changes.stopped) return;
        try {
            look_at(changes);
            notes_.pause(limits::look_pause);
            const auto now = std::chrono::steady_clock::now();
            if (now - last_look < limits::look_interval) continue;
            last_look = now;
            look_at_all();
        } catch (const Error& error) {
            log_warning("changes cannot be told: {}", error.what());
        }
    }
}

// What is gone is among the topics alone.
void ChangeFeed::look_at_all() {
    ChangeNotes::Changes all;
    for (const replication::Collection& c : engine_.collections()) all.collections.insert(c.id);
    for (const Job& job : engine_.jobs().list()) all.jobs.insert(job.id);
    for (const std::string& topic : snapshots_.topics()) {
        if (!topic.starts_with("job ")) continue;
        if (const auto id = JobId::parse(topic.substr(4))) all.jobs.insert(*id);
    }
    for (const CollectionId id : all.collections) look_at_collection(id);
    for (const JobId id : all.jobs) look_at_job(id);
}

void ChangeFeed::look_at(const ChangeNotes::Changes& changes) {
    for (const JobId id : changes.jobs) look_at_job(id);
    for (const CollectionId id : changes.collections) {
        look_at_collection(id);
        look_at_points(id);
    }
}

void ChangeFeed::look_at_collection(CollectionId id) {
    std::vector<cim::Instance> shown, relationships;
    if (const auto c = engine_.collection(id)) {
        shown.push_back(collection_instance(*c));
        relationships = relationship_instances(engine_, *c);
    }
    compare(collection_topic(id), std::move(shown), *collections_schema_);
    compare(relationship_topic(id), std::move(relationships), *machines_schema_);
}

// Not with every look at all: a site may hold very many.
void ChangeFeed::look_at_points(CollectionId id) {
    std::vector<cim::Instance> shown;
    if (const auto c = engine_.collection(id)) shown = point_instances(engine_, *c);
    compare(points_topic(id), std::move(shown), *collections_schema_);
}

void ChangeFeed::look_at_job(JobId id) {
    std::vector<cim::Instance> shown;
    if (const auto job = engine_.jobs().find(id)) {
        shown.push_back(job_instance(*job, engine_.now()));
    }
    compare(job_topic(id), std::move(shown), *collections_schema_);
}

void ChangeFeed::compare(const std::string& topic, std::vector<cim::Instance> now,
                         const cim::Schema& schema) {
    std::vector<Seen> seen;
    for (cim::Instance& instance : now) {
        cim::ObjectPath path = schema.path_of(instance);
        path.set_name_space(schema.name_space());
        seen.push_back({std::move(path), std::move(instance)});
    }
    const auto time = cim::DateTime::at(engine_.now().time_since_epoch().count());
    for (cim::Event& event : snapshots_.differences(topic, std::move(seen), time)) {
        if (telling_) bus_.publish(std::move(event));
    }
}

}  // namespace reviver::provider
