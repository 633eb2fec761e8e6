// Every method of Msvm_CollectionReplicationService, asked for in every place that a collection can
// be in: what the state machine's table allows is begun and leads where the table says; all else is
// refused with 32775 and changes nothing.

#include "cim/object_manager.h"
#include "provider/names.h"
#include "provider/return_codes.h"
#include "provider/test_site.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

namespace reviver::provider {
namespace {

using replication::Collection;
using replication::Event;
using replication::Place;

constexpr std::uint32_t invalid_state = 32775;

// A method, and the events of which it asks for one. Without any it changes no state, and is
// possible wherever there is a relationship.
struct Row {
    std::string method;
    std::vector<Event> events;
};

const std::vector<Row>& rows() {
    static const std::vector<Row> all = {
        {"CreateReplicationRelationship", {Event::relationship_created}},
        {"StartReplication", {Event::initial_started}},
        {"CancelInitialReplication", {Event::initial_cancelled}},
        {"ModifyReplicationSettings", {Event::settings_modified}},
        {"CancelUpdateDiskSet", {Event::settings_modified}},
        {"InitiateFailover", {Event::failover_started}},
        {"RevertFailover", {Event::failover_reverted}},
        {"CommitFailover", {Event::failover_committed}},
        {"InitiatePlannedFailover", {Event::planned_failover_started}},
        {"RevertPlannedFailover", {Event::planned_failover_reverted}},
        {"PrepareForReverseReplication", {Event::reverse_prepared}},
        {"ReverseReplicationRelationship", {Event::became_primary}},
        {"SuspendReplication", {Event::suspend_asked}},
        {"ResumeReplication", {Event::resume_asked, Event::resume_initial_asked}},
        {"Resynchronize", {Event::resync_asked}},
        {"CancelResynchronize", {Event::resync_cancelled}},
        {"RemoveReplicationRelationship", {Event::removed}},
        {"TestReplicaCollection", {Event::test_started}},
        {"RevertTestReplicaCollection", {Event::test_ended}},
        {"GetReplicationStatistics", {}},
        {"ResetReplicationStatistics", {}},
    };
    return all;
}

bool is_before_the_first_point(State state) {
    return state == State::ready || state == State::initial_replication;
}

bool has_failover(State state) {
    return state == State::failover_initiated || state == State::recovered ||
           state == State::committed || state == State::partially_recovered;
}

Collection collection_at(Place place, CollectionId id) {
    Collection c;
    c.id = id;
    c.name = "shop";
    c.place = place;
    if (place.role == Role::none) {
        c.members = {"11111111-2222-3333-4444-555555555555"};
        return c;
    }
    c.epoch = Epoch{3};
    c.peer = "west";
    c.settings.recovery_connection_point = "west";
    c.initial_complete = !is_before_the_first_point(place.state);
    c.last_sequence = Sequence{c.initial_complete ? 1u : 0u};
    // One that is due tomorrow can be cancelled today, and nothing begins by itself.
    c.agenda.resync_asked = place.state == State::waiting_for_resync;
    c.agenda.resync_at = sys::linux_world().clock.wall() + std::chrono::hours(24);
    if (place.role == Role::replica && has_failover(place.state)) {
        c.failover_point = Sequence{1};
        c.failover_epoch = Epoch{3};
        c.failover_type = FailoverType::regular;
    }
    return c;
}

std::vector<Place> places() {
    std::vector<Place> all{Place{}};
    for (const auto& transition : replication::transitions()) {
        if (std::ranges::find(all, transition.from) == all.end()) all.push_back(transition.from);
    }
    return all;
}

CollectionId collection_id(std::size_t number) {
    return *CollectionId::parse(fmt::format("00000000-0000-4000-8000-{:012}", number));
}

cim::Value settings_for(const std::string& peer) {
    cim::Instance settings("Msvm_CollectionReplicationSettingData");
    settings.set("RecoveryConnectionPoint", peer);
    return cim::Value(settings);
}

class MethodTable : public testing::TestWithParam<Place> {
  protected:
    MethodTable() : site_({documents(), {west()}, Code::stopped}) {
        objects_.add_namespace(std::move(site_.cluster));
        for (std::size_t i = 0; i < rows().size(); ++i) {
            const auto c = *site_.engine.collection(collection_id(i));
            if (c.place.role == Role::replica && c.initial_complete) site_.receive_a_point(c.id);
        }
    }

    static replication::Peer west() {
        return {"west", "", std::string(64, 'f'), {"127.0.0.1", 7001}};
    }

    static std::vector<Collection> documents() {
        std::vector<Collection> all;
        for (std::size_t i = 0; i < rows().size(); ++i) {
            all.push_back(collection_at(GetParam(), collection_id(i)));
            if (rows()[i].method == "CancelUpdateDiskSet") all.back().disk_update.emplace();
            const bool testing = GetParam().state == State::test_failover_initiated &&
                                 rows()[i].method == "RevertTestReplicaCollection";
            if (testing) all.back().trial = replication::Trial{collection_id(99), {1}, {}, {}};
        }
        return all;
    }

    cim::MethodResult ask(const Row& row, CollectionId id) {
        cim::Arguments in;
        in["Collection"] = path_of_collection("Msvm_VirtualSystemCollection", id);
        if (takes_settings(row)) in["CollectionReplicationSettingData"] = settings_for("west");
        if (row.method == "StartReplication") in["InitialReplicationType"] = std::uint16_t{1};
        if (row.method == "Resynchronize") in["IncludeSuspended"] = true;
        const cim::Principal who("person", {cim::Role::administrator});
        const auto service = cim::ObjectPath::parse("Msvm_CollectionReplicationService");
        return objects_.invoke(who, service, row.method, in);
    }

    // The job of an answer, when it has ended; one that waits for the other site has not.
    std::optional<Job> ended(const cim::MethodResult& answer) {
        const auto id = *JobId::parse(answer.out.at("Job").as_reference().key_text("InstanceID"));
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (std::chrono::steady_clock::now() < deadline) {
            const Job job = *site_.engine.jobs().find(id);
            const bool waits = job.method == "start_replication" || job.method == "reverse" ||
                               job.method == "resynchronize";
            if (job.state != JobState::running) return job;
            if (waits && !(site_.engine.collection(job.collection)->place == GetParam())) return {};
            std::this_thread::yield();
        }
        ADD_FAILURE() << "a job does not end";
        return {};
    }

    std::string document(CollectionId id) { return to_text(*site_.engine.collection(id)); }

    void expect_refused(const Row& row, CollectionId id) {
        const std::string before = document(id);
        EXPECT_EQ(ask(row, id).return_value, invalid_state);
        EXPECT_EQ(document(id), before);
    }

    void expect_begun(const Row& row, CollectionId id, std::optional<Place> to) {
        const cim::MethodResult answer = ask(row, id);
        std::optional<Job> job;
        if (answer.return_value == job_started) {
            job = ended(answer);
        } else {
            EXPECT_EQ(answer.return_value, 0u);
        }
        const Place now = site_.engine.collection(id)->place;
        if (job && job->state == JobState::exception) {
            EXPECT_EQ(now, where_a_failure_leads(row)) << job->error;
        } else if (to) {
            EXPECT_TRUE(now == *to || is_further(now, *to)) << name_of(now.state);
        } else {
            EXPECT_EQ(now, GetParam());
        }
    }

    // Without the other site, which nobody reaches here, these end where they began, or go on.
    static Place where_a_failure_leads(const Row& row) {
        if (row.method == "InitiatePlannedFailover") return {Role::primary, State::replicating};
        return GetParam();
    }

    // What is begun at `to` may have gone on by itself: a keeper compares at once, a failover ends,
    // the VMs of a test are made.
    static bool is_further(Place now, Place to) {
        const bool tested = to == step(GetParam(), Event::test_started) && now == GetParam();
        return tested || now == step(to, Event::resync_started) ||
               now == step(to, Event::failover_completed);
    }

    static bool takes_settings(const Row& row) {
        return row.method == "CreateReplicationRelationship" ||
               row.method == "ModifyReplicationSettings" ||
               row.method == "ReverseReplicationRelationship";
    }

    TestSite site_;
    cim::ObjectManager objects_{std::make_shared<cim::RoleAuthorizer>()};
};

std::optional<Event> event_at(const Row& row, const Collection& c) {
    for (const Event event : row.events) {
        const bool resumes = event == Event::resume_asked || event == Event::resume_initial_asked;
        if (resumes && (event == Event::resume_asked) != c.initial_complete) continue;
        if (step_exists(c.place, event)) return event;
    }
    return std::nullopt;
}

TEST_P(MethodTable, EachMethodLeadsWhereTheTableSaysOrIsRefused) {
    for (std::size_t i = 0; i < rows().size(); ++i) {
        const Row& row = rows()[i];
        const CollectionId id = collection_id(i);
        SCOPED_TRACE(row.method);
        const Collection c = *site_.engine.collection(id);
        const bool there = c.place.role != Role::none;
        const auto event = event_at(row, c);
        // The initial replication of one that was suspended is complete here.
        const bool too_late =
            event == Event::initial_cancelled && c.place.state == State::suspended;
        if (row.events.empty() ? !there : !event || too_late) {
            expect_refused(row, id);
        } else {
            expect_begun(row, id, event ? step(c.place, *event) : std::nullopt);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Places, MethodTable, testing::ValuesIn(places()), [](const auto& which) {
    return fmt::format("{}{}", name_of(which.param.role), static_cast<int>(which.param.state));
});

}  // namespace
}  // namespace reviver::provider
