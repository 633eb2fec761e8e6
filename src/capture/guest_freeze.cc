#include "capture/guest_freeze.h"

#include "base/error.h"
#include "base/log.h"
#include "capture/limits.h"
#include "hypervisor/guest_agents.h"

#include <algorithm>

namespace reviver::capture {

namespace {

using hypervisor::Domain;
using hypervisor::Power;
using Steady = std::chrono::steady_clock;

std::string late_text(const std::string& name, const std::string& why, const FreezeTimes& times) {
    return fmt::format(
        "the guest agent of VM '{}' did not freeze its file systems within {} s{}; see what its "
        "freeze hooks wait for, or restart the agent",
        name, times.freeze.count(), why.empty() ? "" : " (" + why + ")");
}

std::string freeze_text(const std::string& name, const Error& error, const FreezeTimes& times) {
    if (error.code() == Code::timeout) return late_text(name, error.what(), times);
    return fmt::format("VM '{}' could not be frozen: {}; see the log of the guest agent in it",
                       name, error.what());
}

}  // namespace

// From its freeze to its thaw. What is read by others than its task is guarded by the group.
class Freezer::Guest {
  public:
    Guest(sys::Path record_directory, const Domain& domain)
        : directory(std::move(record_directory)),
          id(domain.id),
          name(domain.name),
          process_id(domain.process_id) {}

    const sys::Path directory;
    const VmId id;
    const std::string name;
    const std::int64_t process_id;
    unsigned frozen = 0;  // file systems
    bool ended = false;   // guarded by Freezer::mutex_
};

// Where the guests of one freeze meet each other and the cut.
class Freezer::Group {
  public:
    using Guests = std::vector<std::shared_ptr<Guest>>;
    // `asked`: to freeze; the others are to be thawed only.
    Group(const Guests& guests, bool asked) { (asked ? missing_ : frozen_) = guests; }

    void arrive(const Guest& guest) {
        const std::lock_guard lock(mutex_);
        const auto it = std::find_if(missing_.begin(), missing_.end(),
                                     [&](const auto& other) { return other.get() == &guest; });
        frozen_.push_back(*it);
        missing_.erase(it);
        changed_.notify_all();
    }

    // The first reason is the one that counts.
    void fail_for(const Guest& guest, std::string text) {
        const std::lock_guard lock(mutex_);
        add_failure(guest, std::move(text));
    }

    // Of a guest that is frozen: until it is to be thawed. False: its time was up before.
    bool wait_for_end(sys::Duration longest) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, longest, [&] { return ended_ || !failures_.empty(); });
    }

    void thawed(const Guest& guest) {
        const std::lock_guard lock(mutex_);
        std::erase_if(frozen_, [&](const auto& other) { return other.get() == &guest; });
        changed_.notify_all();
    }

    void wait_until_frozen(const FreezeTimes& times, const std::function<bool()>& stopped) {
        const auto deadline = Steady::now() + times.freeze;
        std::unique_lock lock(mutex_);
        while (!missing_.empty() && failures_.empty() && Steady::now() < deadline) {
            if (stopped && stopped()) fail(Code::stopped, "the freeze was interrupted");
            changed_.wait_until(lock, std::min(deadline, Steady::now() + times.look));
        }
        if (!failures_.empty()) return;
        for (const auto& guest : missing_) add_failure(*guest, late_text(guest->name, "", times));
    }

    void end() {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        changed_.notify_all();
    }

    // Whoever is not frozen yet is not waited for.
    void wait_until_thawed(sys::Duration longest) {
        std::unique_lock lock(mutex_);
        if (changed_.wait_for(lock, longest, [&] { return frozen_.empty(); })) return;
        for (const auto& guest : frozen_)
            add_failure(*guest, fmt::format("the guest agent of VM '{}' does not say that its file "
                                            "systems are thawed; it is asked until it does",
                                            guest->name));
    }

    std::vector<FreezeFailure> failures() {
        const std::lock_guard lock(mutex_);
        return failures_;
    }

  private:
    void add_failure(const Guest& guest, std::string text) {
        const bool known = std::any_of(failures_.begin(), failures_.end(),
                                       [&](const auto& failure) { return failure.vm == guest.id; });
        if (!known) failures_.push_back({guest.id, std::move(text)});
        changed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    Guests missing_;  // not frozen yet
    Guests frozen_;   // and not thawed yet
    bool ended_ = false;
    std::vector<FreezeFailure> failures_;
};

class Freezer::Frozen : public GroupFreeze {
  public:
    Frozen(std::shared_ptr<Group> group, const FreezeTimes& times)
        : group_(std::move(group)), times_(times) {}
    ~Frozen() override { finish(); }

    std::vector<FreezeFailure> failures() override { return group_->failures(); }

    std::vector<FreezeFailure> end() override {
        finish();
        return group_->failures();
    }

  private:
    void finish() {
        if (finished_) return;
        finished_ = true;
        group_->end();
        group_->wait_until_thawed(times_.thaw);
    }

    std::shared_ptr<Group> group_;
    const FreezeTimes times_;
    bool finished_ = false;
};

namespace {

// Nobody had to be asked, or nobody could be.
class NoFreeze : public GroupFreeze {
  public:
    explicit NoFreeze(std::vector<FreezeFailure> failures) : failures_(std::move(failures)) {}
    std::vector<FreezeFailure> failures() override { return failures_; }
    std::vector<FreezeFailure> end() override { return failures_; }

  private:
    std::vector<FreezeFailure> failures_;
};

}  // namespace

Freezer::Freezer(hypervisor::Hypervisor& hypervisor, sys::World& world, const FreezeTimes& times)
    : hypervisor_(hypervisor), world_(world), times_(times) {}

Freezer::~Freezer() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        changed_.notify_all();
    }
    tasks_.clear();  // joins
}

// ----------------------------------------------------------------------------------------------
// the record

HoldRecord Freezer::record_in(const sys::Path& directory) {
    return {world_.files, directory, "frozen.json"};
}

void Freezer::note(const sys::Path& directory, const std::vector<RecordedVm>& vms) {
    const std::lock_guard lock(record_mutex_);
    auto record = record_in(directory);
    auto all = record.read();
    all.insert(all.end(), vms.begin(), vms.end());
    record.write(all);
}

void Freezer::strike_out(const sys::Path& directory, VmId vm) {
    const std::lock_guard lock(record_mutex_);
    auto record = record_in(directory);
    auto left = record.read();
    std::erase_if(left, [&](const RecordedVm& recorded) { return recorded.id == vm; });
    left.empty() ? record.clear() : record.write(left);
}

// ----------------------------------------------------------------------------------------------
// one guest

bool Freezer::rest(sys::Duration length) {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock, length, [&] { return stopping_; });
}

bool Freezer::is_gone(const Guest& guest) {
    try {
        const Domain domain = hypervisor_.domain(guest.id);
        const bool on = domain.power == Power::running || domain.power == Power::held;
        return !on || domain.process_id != guest.process_id;
    } catch (const Error& error) {
        return error.code() == Code::not_found;
    }
}

// Whether there is nothing more to do.
bool Freezer::thaw_once(Group& group, Guest& guest, bool first) {
    try {
        const unsigned thawed = hypervisor_.guest_agents()->thaw(guest.id, times_.thaw_call);
        if (guest.frozen == 0 || thawed > 0) return true;
        group.fail_for(guest, fmt::format("the file systems of VM '{}' were thawed by somebody "
                                          "else before the cut was made",
                                          guest.name));
        return true;
    } catch (const Error& error) {
        if (first) log_warning("thawing VM '{}': {}; it is asked again", guest.name, error.what());
        return is_gone(guest);
    }
}

void Freezer::thaw_surely(Group& group, Guest& guest) {
    sys::Duration pause = times_.thaw_again;
    for (bool first = true; !thaw_once(group, guest, first); first = false) {
        if (!rest(pause)) return;
        pause = std::min<sys::Duration>(pause * 2, times_.thaw_again_longest);
    }
    strike_out(guest.directory, guest.id);
    {
        const std::lock_guard lock(mutex_);
        busy_.erase(guest.id);
    }
    group.thawed(guest);
}

void Freezer::freeze_one(Group& group, Guest& guest) {
    try {
        guest.frozen = hypervisor_.guest_agents()->freeze(guest.id, times_.freeze);
        group.arrive(guest);
    } catch (const Error& error) {
        return group.fail_for(guest, freeze_text(guest.name, error, times_));
    }
    if (!group.wait_for_end(times_.frozen))
        group.fail_for(guest, fmt::format("VM '{}' was thawed before the cut was made: it took "
                                          "more than {} s",
                                          guest.name, times_.frozen.count()));
}

void Freezer::reap() {
    std::vector<std::unique_ptr<sys::Task>> ended;  // joined outside of the lock
    const std::lock_guard lock(mutex_);
    std::erase_if(tasks_, [&](auto& entry) {
        if (entry.first->ended) ended.push_back(std::move(entry.second));
        return entry.first->ended;
    });
}

// ----------------------------------------------------------------------------------------------
// a group

std::string Freezer::why_not(const Domain& vm) {
    auto* agents = hypervisor_.guest_agents();
    if (vm.power == Power::crashed)
        return fmt::format("VM '{}' crashed: start it, so that it puts its files in order",
                           vm.name);
    if (vm.power == Power::held)
        return fmt::format("VM '{}' is paused: its guest agent cannot answer. Resume it", vm.name);
    if (agents == nullptr || !agents->connected(vm.id))
        return fmt::format(
            "no guest agent answers in VM '{}': install qemu-guest-agent in it, and give the VM "
            "the channel org.qemu.guest_agent.0",
            vm.name);
    const std::lock_guard lock(mutex_);
    if (busy_.contains(vm.id))
        return fmt::format(
            "the guest agent of VM '{}' has not answered since an earlier freeze; see what its "
            "hooks wait for, or restart the agent",
            vm.name);
    return "";
}

std::vector<FreezeFailure> Freezer::why_not(const std::vector<Domain>& vms) {
    std::vector<FreezeFailure> failures;
    for (const Domain& vm : vms) {
        std::string text;
        try {
            text = why_not(vm);
        } catch (const Error& error) {
            text = fmt::format("the guest agent of VM '{}': {}", vm.name, error.what());
        }
        if (!text.empty()) failures.push_back({vm.id, std::move(text)});
    }
    return failures;
}

std::unique_ptr<GroupFreeze> Freezer::freeze(const sys::Path& directory,
                                             const std::vector<Domain>& vms,
                                             const std::function<bool()>& stopped) {
    reap();
    std::vector<Domain> asked;
    std::copy_if(vms.begin(), vms.end(), std::back_inserter(asked),
                 [](const Domain& vm) { return vm.power != Power::off; });
    auto failures = why_not(asked);
    if (asked.empty() || !failures.empty()) return std::make_unique<NoFreeze>(std::move(failures));
    std::vector<RecordedVm> recorded;
    std::vector<std::shared_ptr<Guest>> guests;
    for (const Domain& vm : asked) {
        recorded.push_back({vm.id, vm.process_id});
        guests.push_back(std::make_shared<Guest>(directory, vm));
    }
    note(directory, recorded);
    const auto group = std::make_shared<Group>(guests, true);
    auto frozen = std::make_unique<Frozen>(group, times_);
    for (const auto& guest : guests) start(group, guest, true);
    group->wait_until_frozen(times_, stopped);
    return frozen;
}

void Freezer::start(const std::shared_ptr<Group>& group, const std::shared_ptr<Guest>& guest,
                    bool freezes) {
    const std::lock_guard lock(mutex_);
    busy_[guest->id] = guest;
    tasks_.emplace_back(guest, world_.tasks.start("freeze", [this, group, guest, freezes] {
        if (freezes) freeze_one(*group, *guest);
        thaw_surely(*group, *guest);
        const std::lock_guard end(mutex_);
        guest->ended = true;
    }));
}

std::shared_ptr<Freezer::Guest> Freezer::left_over(const sys::Path& directory,
                                                   const RecordedVm& recorded) {
    Domain domain;
    domain.id = recorded.id;
    domain.name = recorded.id.text();
    domain.process_id = recorded.process_id;
    try {
        domain.name = hypervisor_.domain(recorded.id).name;
    } catch (const Error& error) {
        log_warning("a VM that was left frozen: {}", error.what());
    }
    log_warning("VM '{}' was left frozen by a cut that was interrupted: thawing it", domain.name);
    return std::make_shared<Guest>(directory, domain);
}

void Freezer::thaw_left_over(const sys::Path& directory) {
    if (hypervisor_.guest_agents() == nullptr) return;
    std::vector<std::shared_ptr<Guest>> guests;
    for (const RecordedVm& recorded : record_in(directory).read())
        guests.push_back(left_over(directory, recorded));
    const auto group = std::make_shared<Group>(guests, false);
    for (const auto& guest : guests) start(group, guest, false);
    group->wait_until_thawed(times_.thaw_at_start);
}

}  // namespace reviver::capture
