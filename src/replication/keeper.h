// The background task of a collection: on the primary it runs the cycles, on the recovery side the
// upkeep of the store. It also brings to an end what a call only began: the initial replication,
// and a reverse whose old primary does not answer yet.
#pragma once

#include "replication/cycle.h"
#include "replication/cycle_gate.h"
#include "replication/group.h"
#include "replication/recovery_server.h"

#include <atomic>
#include <memory>

namespace reviver::replication {

class Keeper {
  public:
    Keeper(Context& context, Group& group, RecoveryServer& recovery_server, CycleGate& gate);
    ~Keeper();  // stops and joins

    // A cycle now, for a planned failover; the caller holds the group's turn.
    CycleResult cycle(PointKind kind, std::function<void(unsigned, const std::string&)> progress,
                      std::function<bool()> stopped);
    // The group's disks at this site, made when first asked for and again after forget_disks().
    GroupDisks& disks();
    void forget_disks();

  private:
    void run();
    sys::Duration step();
    void watch_lag();
    sys::Duration primary_step();
    sys::Duration replica_step();
    void scheduled_cycle();
    void succeeded(const CycleResult& result);
    void failed(const Error& error);
    void fence(const Error& error);
    bool wants_cycle(const Collection& collection) const;
    void before_cycle(const Collection& collection);
    void count_outcome(const CycleOutcome& outcome);
    void end_waiting_job(const Error* error);

    Context& context_;
    Group& group_;
    RecoveryServer& recovery_server_;
    CycleGate& gate_;
    std::atomic<bool> stopping_{false};
    std::unique_ptr<GroupDisks> disks_;
    sys::MonoTime next_cycle_{};
    unsigned failures_ = 0;
    bool late_ = false;  // the newest point is too old, and that was told
    std::unique_ptr<sys::Task> task_;
};

}  // namespace reviver::replication
