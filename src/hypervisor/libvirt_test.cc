// With a real libvirt and a real QEMU: an embedded driver in a directory of the test, and guests
// without anything to boot.
#include "base/error.h"
#include "hypervisor/guest_agents.h"
#include "hypervisor/hypervisor.h"
#include "hypervisor/limits.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>

namespace reviver::hypervisor {
namespace {

namespace fs = std::filesystem;

// A process can have one root open, ever; so all tests share it.
class LibvirtTest : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        std::string name = "/tmp/reviver-hypervisor-XXXXXX";
        root_ = mkdtemp(name.data());
        // What libvirt found out about QEMU, which takes it seconds, is kept from one run to the
        // next.
        const fs::path cache = fs::temp_directory_path() / "reviver-test-libvirt-cache";
        fs::create_directories(cache);
        fs::create_directory_symlink(cache, root_ / "cache");
    }
    static void TearDownTestSuite() { fs::remove_all(root_); }

    LibvirtTest() { open(); }
    ~LibvirtTest() override {
        listening_.reset();
        hypervisor_.reset();
        for (const fs::path& file : pid_files()) kill(pid_in(file), SIGKILL);
    }

    void open() {
        hypervisor_ = connect("qemu:///embed?root=" + root_.string());
        listening_ = hypervisor_->subscribe([this](const DomainEvent& event) {
            const std::lock_guard lock(mutex_);
            events_.push_back(event.kind);
            arrived_.notify_all();
        });
    }

    std::vector<fs::path> pid_files() const {
        std::vector<fs::path> result;
        for (const auto& entry : fs::directory_iterator(root_ / "run/qemu")) {
            if (entry.path().extension() == ".pid" && entry.path().stem() != "driver") {
                result.push_back(entry.path());
            }
        }
        return result;
    }
    static pid_t pid_in(const fs::path& file) {
        pid_t pid = 0;
        std::ifstream(file) >> pid;
        return pid;
    }

    std::string guest(const std::string& name, const std::string& devices = "") const {
        return "<domain type='qemu'><name>" + name +
               "</name><uuid>11111111-2222-3333-4444-555555555555</uuid>"
               "<memory unit='MiB'>16</memory>"
               "<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>" +
               devices +
               "<controller type='usb' model='none'/><memballoon model='none'/>"
               "</devices></domain>";
    }
    std::string disk(const std::string& name) const {
        const fs::path path = root_ / name;
        std::ofstream(path).close();
        fs::resize_file(path, 1 << 20);
        return "<disk type='file'><driver name='qemu' type='raw'/><source file='" + path.string() +
               "'/><target dev='vda' bus='virtio'/></disk>";
    }

    bool wait_for_event(DomainEvent::Kind kind) {
        std::unique_lock lock(mutex_);
        return arrived_.wait_for(lock, std::chrono::seconds(20),
                                 [&] { return std::ranges::find(events_, kind) != events_.end(); });
    }

    static inline fs::path root_;
    std::unique_ptr<Hypervisor> hypervisor_;
    std::shared_ptr<void> listening_;
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::vector<DomainEvent::Kind> events_;
};

Code code_of(const auto& action) {
    try {
        action();
    } catch (const Error& e) {
        return e.code();
    }
    ADD_FAILURE() << "no error";
    return Code::failed;
}

TEST_F(LibvirtTest, AVmFromDefinitionToItsEnd) {
    const VmId id = hypervisor_->define(guest("one", disk("a")));
    Domain domain = hypervisor_->domain(id);
    EXPECT_EQ(domain.name, "one");
    EXPECT_EQ(domain.power, Power::off);
    EXPECT_EQ(domain.process_id, 0);
    ASSERT_EQ(domain.disks.size(), 1u);
    EXPECT_EQ(domain.disks[0].alias, "");
    EXPECT_TRUE(wait_for_event(DomainEvent::Kind::defined));

    hypervisor_->start(id);
    domain = hypervisor_->domain(id);
    EXPECT_EQ(domain.power, Power::running);
    EXPECT_EQ(domain.disks[0].alias, "virtio-disk0");
    EXPECT_TRUE(wait_for_event(DomainEvent::Kind::started));
    EXPECT_EQ(code_of([&] { hypervisor_->start(id); }), Code::invalid_state);

    // QMP: an answer, a refusal, and what pausing looks like from outside.
    EXPECT_NE(hypervisor_->qmp(id, "query-status", "").find("\"running\":true"), std::string::npos);
    EXPECT_EQ(code_of([&] { hypervisor_->qmp(id, "no-such-command", ""); }), Code::failed);
    hypervisor_->qmp(id, "stop", "");
    EXPECT_TRUE(wait_for_event(DomainEvent::Kind::held));
    EXPECT_EQ(hypervisor_->domain(id).power, Power::held);

    // The guest outlives the connection, and is found again as the same process.
    const std::int64_t first_process = hypervisor_->domain(id).process_id;
    EXPECT_GT(first_process, 0);
    listening_.reset();
    hypervisor_.reset();
    open();
    ASSERT_EQ(hypervisor_->domains().size(), 1u);
    EXPECT_EQ(hypervisor_->domains()[0].process_id, first_process);

    hypervisor_->power_off(id);
    EXPECT_TRUE(wait_for_event(DomainEvent::Kind::stopped));
    EXPECT_EQ(hypervisor_->domain(id).power, Power::off);
    hypervisor_->power_off(id);
    EXPECT_EQ(code_of([&] { hypervisor_->qmp(id, "query-status", ""); }), Code::unavailable);

    hypervisor_->start(id);
    EXPECT_GT(hypervisor_->domain(id).process_id, first_process);
    kill(pid_in(pid_files().at(0)), SIGKILL);
    EXPECT_TRUE(wait_for_event(DomainEvent::Kind::crashed));
    EXPECT_EQ(hypervisor_->domain(id).power, Power::crashed);

    hypervisor_->set_autostart(id, true);
    EXPECT_TRUE(hypervisor_->domain(id).autostart);
    hypervisor_->undefine(id);
    EXPECT_TRUE(wait_for_event(DomainEvent::Kind::undefined));
    EXPECT_TRUE(hypervisor_->domains().empty());
    EXPECT_EQ(code_of([&] { hypervisor_->domain(id); }), Code::not_found);
}

TEST_F(LibvirtTest, AVmWithoutAnAgentSaysSo) {
    GuestAgents& agents = *hypervisor_->guest_agents();
    const VmId id = hypervisor_->define(guest("one"));
    EXPECT_FALSE(agents.connected(id));
    hypervisor_->start(id);
    EXPECT_FALSE(agents.connected(id));
    EXPECT_EQ(code_of([&] { agents.freeze(id, std::chrono::seconds(1)); }), Code::not_supported);
    hypervisor_->power_off(id);
    hypervisor_->define(guest("one",
                              "<channel type='unix'><target type='virtio' "
                              "name='org.qemu.guest_agent.0'/></channel>"));
    hypervisor_->start(id);
    EXPECT_FALSE(agents.connected(id));  // nobody opened the guest's end
    EXPECT_EQ(code_of([&] { agents.thaw(id, std::chrono::seconds(1)); }), Code::timeout);
    EXPECT_EQ(code_of([&] { agents.ask_to_shut_down(id); }), Code::timeout);
    hypervisor_->power_off(id);
    hypervisor_->undefine(id);
}

TEST_F(LibvirtTest, RefusesWrongDefinitionsAndUris) {
    EXPECT_EQ(code_of([&] { hypervisor_->define("<domain type='qemu'/>"); }),
              Code::invalid_parameter);
    EXPECT_EQ(code_of([] { connect("qemu:///embed?root=relative"); }), Code::invalid_parameter);
    EXPECT_EQ(code_of([] { connect("qemu:///embed?root=/tmp/another"); }), Code::in_use);
    EXPECT_EQ(code_of([] { connect("qemu:///embed"); }), Code::invalid_parameter);
    const std::string root = "/tmp/" + std::string(root_length_max, 'x');
    EXPECT_EQ(code_of([&] { connect("qemu:///embed?root=" + root); }), Code::invalid_parameter);
}

TEST_F(LibvirtTest, AnExistingConfigurationIsKept) {
    const fs::path file = root_ / "etc/qemu.conf";
    ASSERT_TRUE(fs::exists(file));
    std::ofstream(file) << "stdio_handler = \"file\"\n# mine\n";
    listening_.reset();
    hypervisor_.reset();
    open();
    std::ifstream in(file);
    std::string line;
    std::getline(in, line);
    std::getline(in, line);
    EXPECT_EQ(line, "# mine");
}

}  // namespace
}  // namespace reviver::hypervisor
