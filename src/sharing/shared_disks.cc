#include "sharing/shared_disks.h"

#include "base/error.h"
#include "base/log.h"
#include "hypervisor/domain_xml.h"
#include "qemu/image_tool.h"
#include "qemu/qmp_json.h"
#include "sharing/limits.h"
#include "sharing/storage_daemon.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace reviver::sharing {

using hypervisor::Domain;
using hypervisor::Power;

namespace {

bool is_on(const Domain& domain) {
    return domain.power == Power::running || domain.power == Power::held;
}

// Of its definition, and while it runs of what it runs with.
std::set<VmId> shared_of(const Domain& domain) {
    std::set<VmId> result;
    for (const auto& disk : domain.disks)
        if (disk.shared) result.insert(*disk.shared);
    for (const auto& disk : hypervisor::DomainXml(domain.xml).disks())
        if (disk.shared) result.insert(*disk.shared);
    return result;
}

// Where the VM has the disk, or could.
std::string free_target(const Domain& vm, VmId disk) {
    std::set<std::string> taken;
    for (const auto& each : hypervisor::DomainXml(vm.xml).disks()) {
        if (each.shared == disk) return each.target;
        taken.insert(each.target);
    }
    for (char letter = 'a'; letter <= 'z'; ++letter)
        if (const auto target = std::string("vd") + letter; !taken.contains(target)) return target;
    fail(Code::invalid_parameter, "VM '{}' has no target from vda to vdz left: name one", vm.name);
}

void require_name(const std::string& name) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    };
    if (name.empty() || name.size() > name_bytes_max || !std::ranges::all_of(name, plain))
        fail(Code::invalid_parameter,
             "'{}' cannot be a shared disk's name: 1 to {} letters, digits, '-' and '_'", name,
             name_bytes_max);
}

void require_image(const Image& image) {
    if (image.format != "raw" && image.format != "qcow2")
        fail(Code::invalid_parameter, "a shared disk's format is raw or qcow2, not '{}'",
             image.format);
    if (!image.path.is_absolute())
        fail(Code::invalid_parameter, "'{}' is no absolute path", image.path.string());
}

}  // namespace

class SharedDisks::Implementation {
  public:
    Implementation(hypervisor::Hypervisor& machines, sys::Files& files, sys::Random& random,
                   sys::Path data);
    ~Implementation();

    VmId add(const NewDisk& disk);
    void remove(const std::string& name);
    std::vector<ShownDisk> list();
    std::string element_for(const std::string& name, VmId vm, const std::string& target);
    std::optional<Domain> describe(VmId id);
    std::string qmp(VmId id, const std::string& command, const std::string& arguments);
    bool knows(VmId id) { return find(id) != nullptr; }
    void make_ready(const Domain& vm);
    void definitions_changed();
    void change_locks(const std::vector<VmId>& vms, const std::string& why);
    void end_locked();
    void set_up(VmId id, const std::string& name, const Image& image,
                const std::function<void()>& make_image);
    void take_back(VmId id, const Image& image);
    void forget_below(const sys::Path& directory);

    hypervisor::EventQueue events_;
    const sys::Path data_;

  private:
    // One disk; `mutex` guards all of it but the daemon's qmp().
    struct Entry {
        Entry(const sys::Path& data, SharedDisk disk)
            : record(std::move(disk)), daemon(data, record.id) {}
        std::mutex mutex;
        SharedDisk record;
        StorageDaemon daemon;
        std::int64_t run = 0;           // as last seen
        std::vector<VmId> exported_to;  // by that run
        std::string trouble;
        bool removed = false;
    };
    using Entries = std::vector<std::shared_ptr<Entry>>;

    Entries entries();
    std::shared_ptr<Entry> find(VmId id);
    std::shared_ptr<Entry> find(const std::string& name);
    std::shared_ptr<Entry> insert(SharedDisk record);
    void forget(Entry& entry);

    std::vector<VmId> users_of(VmId disk);
    std::string names_of(const std::vector<VmId>& vms);
    void serve(Entry& entry);
    void resume_users(const std::vector<VmId>& users);
    void keep_running();
    void look_at(Entry& entry);

    hypervisor::Hypervisor& machines_;
    sys::Random& random_;
    Records records_;

    std::mutex mutex_;
    std::condition_variable wake_;
    std::map<VmId, std::shared_ptr<Entry>> disks_;            // guarded by mutex_
    std::optional<std::map<VmId, std::vector<VmId>>> users_;  // as looked up; guarded by mutex_
    std::uint64_t definitions_ = 0;                           // guarded by mutex_
    bool stopping_ = false;                                   // guarded by mutex_
    std::shared_ptr<void> listening_;
    std::thread keeper_;
};

SharedDisks::Implementation::Implementation(hypervisor::Hypervisor& machines, sys::Files& files,
                                            sys::Random& random, sys::Path data)
    : data_(std::filesystem::absolute(data)),
      machines_(machines),
      random_(random),
      records_(files, data_) {
    for (SharedDisk& record : records_.load()) insert(std::move(record));
    listening_ = machines.subscribe([this](const hypervisor::DomainEvent& event) {
        using Kind = hypervisor::DomainEvent::Kind;
        if (event.kind == Kind::defined || event.kind == Kind::undefined ||
            event.kind == Kind::stopped || event.kind == Kind::crashed)
            definitions_changed();
    });
    keeper_ = std::thread([this] { keep_running(); });
}

SharedDisks::Implementation::~Implementation() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    keeper_.join();
}

// ------------------------------------------------------------------------------------- which disks

SharedDisks::Implementation::Entries SharedDisks::Implementation::entries() {
    const std::lock_guard lock(mutex_);
    Entries all;
    for (const auto& [id, entry] : disks_) all.push_back(entry);
    return all;
}

std::shared_ptr<SharedDisks::Implementation::Entry> SharedDisks::Implementation::find(VmId id) {
    const std::lock_guard lock(mutex_);
    const auto it = disks_.find(id);
    return it == disks_.end() ? nullptr : it->second;
}

std::shared_ptr<SharedDisks::Implementation::Entry> SharedDisks::Implementation::find(
    const std::string& name) {
    for (const auto& entry : entries()) {
        const std::lock_guard lock(entry->mutex);
        if (entry->record.name == name || entry->record.id.text() == name) return entry;
    }
    fail(Code::not_found, "this site has no shared disk '{}'", name);
}

std::shared_ptr<SharedDisks::Implementation::Entry> SharedDisks::Implementation::insert(
    SharedDisk record) {
    const std::lock_guard lock(mutex_);
    if (disks_.size() >= shared_disks_max)
        fail(Code::out_of_memory, "a site has at most {} shared disks", shared_disks_max);
    const VmId id = record.id;
    return disks_[id] = std::make_shared<Entry>(data_, std::move(record));
}

// With the entry's mutex held.
void SharedDisks::Implementation::forget(Entry& entry) {
    entry.daemon.end();
    entry.removed = true;
    records_.remove(entry.record.id);
    std::error_code ignored;
    std::filesystem::remove_all(hypervisor::shared_disk_directory(data_, entry.record.id), ignored);
    const std::lock_guard lock(mutex_);
    disks_.erase(entry.record.id);
}

std::vector<VmId> SharedDisks::Implementation::users_of(VmId disk) {
    std::uint64_t looked_at = 0;
    {
        const std::lock_guard lock(mutex_);
        if (users_) return (*users_)[disk];
        looked_at = definitions_;
    }
    std::map<VmId, std::vector<VmId>> found;
    for (const Domain& domain : machines_.domains())
        for (const VmId shared : shared_of(domain)) found[shared].push_back(domain.id);
    const auto users = found[disk];
    const std::lock_guard lock(mutex_);
    if (definitions_ == looked_at) users_ = std::move(found);
    return users;
}

std::string SharedDisks::Implementation::names_of(const std::vector<VmId>& vms) {
    std::string names;
    for (const VmId vm : vms) names += (names.empty() ? "" : ", ") + machines_.domain(vm).name;
    return names;
}

void SharedDisks::Implementation::definitions_changed() {
    {
        const std::lock_guard lock(mutex_);
        users_.reset();
        ++definitions_;
    }
    wake_.notify_all();
}

// --------------------------------------------------------------------------------- keeping running

// With the entry's mutex held. Returns when the daemon runs and its VMs can reach it.
void SharedDisks::Implementation::serve(Entry& entry) {
    const SharedDisk& record = entry.record;
    if (!record.lock.empty())
        fail(Code::invalid_state, "the shared disk '{}' is locked: {}", record.name, record.lock);
    const auto users = users_of(record.id);
    if (entry.daemon.run() == 0) {
        entry.exported_to.clear();
        entry.run = 0;
        entry.daemon.start(record.image);
        log_info("shared disk '{}': its storage daemon was started", record.name);
        events_.push({record.id, hypervisor::DomainEvent::Kind::started});
    }
    const std::int64_t run = entry.daemon.run();
    const bool new_run = run != entry.run;
    if (new_run || users != entry.exported_to) {
        entry.daemon.export_to(users);
        entry.exported_to = users;
        entry.run = run;
    }
    entry.trouble.clear();
}

// QEMU connects anew while it repeats what failed, so the first attempts may pause the VM again:
// each look tries once.
void SharedDisks::Implementation::resume_users(const std::vector<VmId>& users) {
    for (const VmId vm : users) {
        if (machines_.domain(vm).power != Power::held) continue;
        const qemu::Qmp qmp = [&](const auto& command, const auto& arguments) {
            return machines_.qmp(vm, command, arguments);
        };
        const auto status = qemu::call(qmp, "query-status");
        if (qemu::string_field(qemu::object_of(status), "status") != "io-error") continue;
        log_info("VM {} was paused as its shared disk did not answer: it goes on",
                 machines_.domain(vm).name);
        qemu::call(qmp, "cont");
    }
}

void SharedDisks::Implementation::look_at(Entry& entry) {
    try {
        std::vector<VmId> users;
        {
            const std::lock_guard lock(entry.mutex);
            if (entry.removed || (!entry.record.lock.empty() && entry.daemon.run() == 0)) return;
            if (entry.record.lock.empty()) serve(entry);
            users = entry.exported_to;
        }
        resume_users(users);
    } catch (const Error& error) {
        const std::lock_guard lock(entry.mutex);
        if (entry.trouble != error.what())
            log_error("shared disk '{}': {}", entry.record.name, error.what());
        entry.trouble = error.what();
    }
}

void SharedDisks::Implementation::keep_running() {
    for (;;) {
        for (const auto& entry : entries()) look_at(*entry);
        std::unique_lock lock(mutex_);
        const auto seen = definitions_;
        wake_.wait_for(lock, look_interval, [&] { return stopping_ || definitions_ != seen; });
        if (stopping_) return;
    }
}

// ------------------------------------------------------------------------------------- for people

VmId SharedDisks::Implementation::add(const NewDisk& disk) {
    require_name(disk.name);
    require_image(disk.image);
    for (const auto& entry : entries()) {
        const std::lock_guard lock(entry->mutex);
        if (entry->record.name == disk.name)
            fail(Code::exists, "there is a shared disk '{}' already", disk.name);
        if (entry->record.image.path == disk.image.path)
            fail(Code::in_use, "{} is the shared disk '{}' already", disk.image.path.string(),
                 entry->record.name);
    }
    if (disk.create_bytes > created_bytes_max)
        fail(Code::invalid_parameter, "a shared disk has at most {} bytes", created_bytes_max);
    if (disk.create_bytes != 0) {
        if (std::filesystem::exists(disk.image.path))
            fail(Code::exists, "{} is there already", disk.image.path.string());
        qemu::run_checked({"qemu-img", "create", "-q", "-f", disk.image.format,
                           disk.image.path.string(), std::to_string(disk.create_bytes)});
    }
    qemu::image_info(disk.image.path, disk.image.format);
    const auto entry = insert({VmId(random_.uuid()), disk.name, disk.image, "", false, {}});
    const std::lock_guard lock(entry->mutex);
    records_.save(entry->record);
    try {
        serve(*entry);
    } catch (const Error&) {
        forget(*entry);
        throw;
    }
    return entry->record.id;
}

void SharedDisks::Implementation::remove(const std::string& name) {
    const auto entry = find(name);
    const std::lock_guard lock(entry->mutex);
    const auto users = users_of(entry->record.id);
    if (!users.empty())
        fail(Code::in_use,
             "the shared disk '{}' is in the definition of {}: take it out there first",
             entry->record.name, names_of(users));
    forget(*entry);
}

std::vector<ShownDisk> SharedDisks::Implementation::list() {
    std::vector<ShownDisk> result;
    for (const auto& entry : entries()) {
        const std::lock_guard lock(entry->mutex);
        if (entry->removed) continue;
        const SharedDisk& record = entry->record;
        const std::string trouble = record.lock.empty() ? entry->trouble : record.lock;
        result.push_back({record, users_of(record.id), entry->daemon.run() != 0, trouble});
    }
    return result;
}

std::string SharedDisks::Implementation::element_for(const std::string& name, VmId vm,
                                                     const std::string& target) {
    const auto entry = find(name);
    const auto users = users_of(entry->record.id);
    const auto same_export = [&](VmId other) {
        return other != vm &&
               hypervisor::shared_disk_export(other) == hypervisor::shared_disk_export(vm);
    };
    if (std::ranges::any_of(users, same_export))
        fail(
            Code::in_use,
            "another VM whose id begins with {} has the shared disk '{}': give this one another id",
            hypervisor::shared_disk_export(vm), name);
    return hypervisor::shared_disk_element(
        data_, entry->record.id, vm,
        target.empty() ? free_target(machines_.domain(vm), entry->record.id) : target);
}

// ------------------------------------------------------------------------------ for the hypervisor

std::optional<Domain> SharedDisks::Implementation::describe(VmId id) {
    const auto entry = find(id);
    if (!entry) return std::nullopt;
    auto users = users_of(id);
    const std::lock_guard lock(entry->mutex);
    const SharedDisk& record = entry->record;
    Domain domain;
    domain.id = id;
    domain.name = record.name;
    domain.process_id = entry->daemon.run();
    domain.power = domain.process_id == 0 ? Power::off : Power::running;
    domain.nbd_socket = entry->daemon.nbd_socket();
    domain.users = std::move(users);
    hypervisor::Disk disk;
    disk.target = record.name;
    disk.source = record.image.path;
    disk.format = record.image.format;
    disk.shared = id;
    domain.disks.push_back(std::move(disk));
    return domain;
}

std::string SharedDisks::Implementation::qmp(VmId id, const std::string& command,
                                             const std::string& arguments) {
    const auto entry = find(id);
    if (!entry) fail(Code::not_found, "this site has no shared disk {}", id.text());
    return entry->daemon.qmp(command, arguments);
}

void SharedDisks::Implementation::make_ready(const Domain& vm) {
    for (const VmId id : shared_of(vm)) {
        const auto entry = find(id);
        if (!entry)
            fail(Code::not_found,
                 "VM '{}' has a shared disk ({}) that this site does not know: see `reviver "
                 "shared-disk list`",
                 vm.name, id.text());
        const std::lock_guard lock(entry->mutex);
        serve(*entry);
    }
}

// ------------------------------------------------------------------------- for who moves the group

// An empty reason unlocks.
void SharedDisks::Implementation::change_locks(const std::vector<VmId>& vms,
                                               const std::string& why) {
    for (const auto& entry : entries()) {
        const auto users = users_of(entry->record.id);
        const auto is_one = [&](VmId vm) { return std::ranges::find(vms, vm) != vms.end(); };
        const std::lock_guard lock(entry->mutex);
        if (entry->removed || entry->record.lock == why) continue;
        if (std::ranges::none_of(users, is_one)) continue;
        SharedDisk changed = entry->record;
        changed.lock = why;
        records_.save(changed);
        entry->record = changed;
    }
    wake_.notify_all();
}

void SharedDisks::Implementation::end_locked() {
    for (const auto& entry : entries()) {
        const auto users = users_of(entry->record.id);
        const auto runs = [&](VmId vm) { return is_on(machines_.domain(vm)); };
        const std::lock_guard lock(entry->mutex);
        if (entry->record.lock.empty() || entry->daemon.run() == 0) continue;
        if (std::ranges::any_of(users, runs)) continue;
        entry->daemon.end();
        log_info("shared disk '{}': its storage daemon was ended: {}", entry->record.name,
                 entry->record.lock);
    }
}

void SharedDisks::Implementation::set_up(VmId id, const std::string& name, const Image& image,
                                         const std::function<void()>& make_image) {
    auto entry = find(id);
    SharedDisk record{id, name, image, "", true, {}};
    if (entry) {
        const std::lock_guard lock(entry->mutex);
        if (entry->record.image == image) return;
        record.before = SharedDisk::Before{entry->record.image, entry->record.lock};
        entry->daemon.end();
    }
    make_image();
    records_.save(record);
    if (!entry) entry = insert(record);
    {
        const std::lock_guard lock(entry->mutex);
        entry->record = record;
    }
    wake_.notify_all();
}

void SharedDisks::Implementation::take_back(VmId id, const Image& image) {
    const auto entry = find(id);
    if (!entry) return;
    const std::lock_guard lock(entry->mutex);
    if (entry->record.image != image) return;
    if (!entry->record.before) return forget(*entry);
    entry->daemon.end();
    SharedDisk record = entry->record;
    record.image = record.before->image;
    record.lock = record.before->lock;
    record.before.reset();
    record.set_up_by_failover = false;
    records_.save(record);
    entry->record = record;
}

void SharedDisks::Implementation::forget_below(const sys::Path& directory) {
    for (const auto& entry : entries()) {
        const std::lock_guard lock(entry->mutex);
        const sys::Path& image = entry->record.image.path;
        const auto [end, rest] = std::ranges::mismatch(directory, image);
        if (!entry->removed && end == directory.end()) forget(*entry);
    }
}

// -------------------------------------------------------------------------------------------------

SharedDisks::SharedDisks(hypervisor::Hypervisor& machines, sys::Files& files, sys::Random& random,
                         sys::Path data)
    : implementation_(std::make_unique<Implementation>(machines, files, random, std::move(data))) {}
SharedDisks::~SharedDisks() = default;

VmId SharedDisks::add(const NewDisk& disk) {
    return implementation_->add(disk);
}
void SharedDisks::remove(const std::string& name) {
    implementation_->remove(name);
}
std::vector<ShownDisk> SharedDisks::list() {
    return implementation_->list();
}
std::string SharedDisks::element_for(const std::string& name, VmId vm, const std::string& target) {
    return implementation_->element_for(name, vm, target);
}
std::optional<Domain> SharedDisks::describe(VmId id) {
    return implementation_->describe(id);
}
bool SharedDisks::knows(VmId id) {
    return implementation_->knows(id);
}
std::string SharedDisks::qmp(VmId id, const std::string& command, const std::string& arguments) {
    return implementation_->qmp(id, command, arguments);
}
void SharedDisks::make_ready(const Domain& vm) {
    implementation_->make_ready(vm);
}
void SharedDisks::definitions_changed() {
    implementation_->definitions_changed();
}
hypervisor::EventQueue& SharedDisks::events() {
    return implementation_->events_;
}
void SharedDisks::lock(const std::vector<VmId>& vms, const std::string& why) {
    implementation_->change_locks(vms, why);
}
void SharedDisks::unlock(const std::vector<VmId>& vms) {
    implementation_->change_locks(vms, "");
}
void SharedDisks::end_locked() {
    implementation_->end_locked();
}
void SharedDisks::set_up(VmId id, const std::string& name, const Image& image,
                         const std::function<void()>& make_image) {
    implementation_->set_up(id, name, image, make_image);
}
void SharedDisks::take_back(VmId id, const Image& image) {
    implementation_->take_back(id, image);
}
void SharedDisks::forget_below(const sys::Path& directory) {
    implementation_->forget_below(directory);
}
sys::Path SharedDisks::data() const {
    return implementation_->data_;
}

}  // namespace reviver::sharing
