// How long a group is held, and how much is sent for what was written.
//
//     capture_bench hold URI DIRECTORY CYCLES DOMAIN.xml...   real guests that were made for it
//     capture_bench sent GRANULARITY                          scattered writes of 4 KiB and 64 KiB
//
// Writes one JSON object to stdout.
#include "capture/capture.h"
#include "capture/qemu_machines.h"
#include "qemu/image_tool.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>

namespace reviver::capture {
namespace {

const CollectionId collection(Uuid::parse("be7c4000-0000-0000-0000-000000000001").value());

struct Bench {
    Bench(hypervisor::Hypervisor& h, const Options& options)
        : hypervisor(h), capture(h, sys::linux_world(), collection, options) {}

    std::uint64_t take(point::Source& source) {
        std::uint64_t bytes = 0;
        while (const auto chunk = source.next()) bytes += chunk->payload.size();
        return bytes;
    }

    HoldStatistics cycle(const std::vector<VmId>& vms) {
        const auto members = find_members(hypervisor, vms, [](const DiskKey&) { return true; });
        const auto preparation = capture.prepare(durable, members, shapes);
        for (std::size_t i = 0; i < members.disks.size(); ++i)
            if (preparation.bulks[i] != point::Bulk::none) take(*capture.bulk_source(i, 0));
        auto cut = capture.cut(durable.next(), PointKind::regular);
        sent_bytes = take(cut->source());
        const auto hold = cut->hold();
        durable = durable.next();
        shapes.clear();
        for (const auto& disk : members.disks) shapes.push_back(disk.shape);
        capture.finish(std::move(cut), true);
        return hold;
    }

    hypervisor::Hypervisor& hypervisor;
    GroupCapture capture;
    Sequence durable;
    std::vector<DiskShape> shapes;
    std::uint64_t sent_bytes = 0;
};

// How long each command takes: where the time of a hold goes.
class TimedCommands : public hypervisor::Hypervisor {
  public:
    explicit TimedCommands(hypervisor::Hypervisor& inner) : inner_(inner) {}
    std::vector<hypervisor::Domain> domains() override { return inner_.domains(); }
    hypervisor::Domain domain(VmId id) override { return inner_.domain(id); }
    VmId define(const std::string& xml) override { return inner_.define(xml); }
    void undefine(VmId id) override { inner_.undefine(id); }
    void start(VmId id) override { inner_.start(id); }
    void ask_to_shut_down(VmId id) override { inner_.ask_to_shut_down(id); }
    void power_off(VmId id) override { inner_.power_off(id); }
    void set_autostart(VmId id, bool on) override { inner_.set_autostart(id, on); }
    std::shared_ptr<void> subscribe(
        std::function<void(const hypervisor::DomainEvent&)> listener) override {
        return inner_.subscribe(std::move(listener));
    }
    std::string qmp(VmId id, const std::string& command, const std::string& arguments) override {
        const auto begin = std::chrono::steady_clock::now();
        auto answer = inner_.qmp(id, command, arguments);
        const std::chrono::duration<double, std::milli> taken =
            std::chrono::steady_clock::now() - begin;
        const std::lock_guard lock(mutex_);
        taken_ms_[command].push_back(taken.count());
        return answer;
    }
    std::map<std::string, std::vector<double>> taken_ms() const { return taken_ms_; }

  private:
    hypervisor::Hypervisor& inner_;
    std::mutex mutex_;
    std::map<std::string, std::vector<double>> taken_ms_;
};

double milliseconds(sys::Duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

json::object summary(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const auto at = [&](double part) {
        return values[std::min(values.size() - 1, static_cast<std::size_t>(part * values.size()))];
    };
    return {{"median", at(0.5)}, {"p99", at(0.99)}, {"max", values.back()}};
}

std::string text_of_file(const char* path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

void hold(const std::string& uri, const std::string& directory, int cycles,
          const std::vector<const char*>& definitions) {
    const auto hypervisor = hypervisor::connect(uri);
    std::vector<VmId> vms;
    for (const auto* definition : definitions) {
        vms.push_back(hypervisor->define(text_of_file(definition)));
        hypervisor->start(vms.back());
    }
    std::this_thread::sleep_for(std::chrono::seconds(20));  // the guests boot and get to work
    Options options;
    options.directory = directory;
    TimedCommands timed(*hypervisor);
    Bench bench(timed, options);
    bench.cycle(vms);
    std::vector<double> group;
    std::vector<double> single;
    std::uint64_t sent = 0;
    for (int i = 0; i < cycles; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
        const auto statistics = bench.cycle(vms);
        group.push_back(milliseconds(statistics.group));
        for (const auto& vm : statistics.vms) single.push_back(milliseconds(vm.length));
        sent += bench.sent_bytes;
    }
    for (const auto vm : vms) {
        hypervisor->power_off(vm);
        hypervisor->undefine(vm);
    }
    json::object commands;
    for (const auto& [command, taken] : timed.taken_ms()) commands[command] = summary(taken);
    std::cout << json::serialize(json::object{{"vms", vms.size()},
                                              {"command_ms", commands},
                                              {"cycles", cycles},
                                              {"hold_group_ms", summary(group)},
                                              {"hold_vm_ms", summary(single)},
                                              {"sent_bytes_per_cycle", sent / cycles}})
              << "\n";
}

void sent(std::uint32_t granularity) {
    const TestDirectory directory;
    QemuMachines machines(directory.path());
    constexpr std::uint64_t size = 512 << 20;
    const auto image = directory.path() / "disk.qcow2";
    qemu::create_qcow2(image, size);
    hypervisor::Disk disk;
    disk.target = "vda";
    disk.source = image;
    disk.format = "qcow2";
    const auto vm = machines.add("a", {disk});
    machines.start(vm);
    // Where there are zeros around a write, they would cost nothing.
    machines.guest_io(vm, 0, fmt::format("write -P 1 0 {}", size));
    Options options;
    options.directory = directory.path() / "capture";
    options.granularity_bytes = granularity;
    Bench bench(machines, options);
    bench.cycle({vm});
    std::mt19937_64 random(1);
    json::object result{{"granularity", granularity}};
    for (const std::uint64_t length : {4096, 65536}) {
        constexpr int writes = 500;
        for (int i = 0; i < writes; ++i)
            machines.guest_io(
                vm, 0,
                fmt::format("write -P 7 {} {}", random() % (size / length) * length, length));
        bench.cycle({vm});
        result[fmt::format("sent_per_written_{}", length)] =
            static_cast<double>(bench.sent_bytes) / static_cast<double>(writes * length);
    }
    std::cout << json::serialize(result) << "\n";
}

int run(int argc, char** argv) {
    const std::string mode = argc > 1 ? argv[1] : "";
    if (mode == "hold" && argc > 5) {
        hold(argv[2], argv[3], std::stoi(argv[4]), {argv + 5, argv + argc});
    } else if (mode == "sent" && argc == 3) {
        sent(static_cast<std::uint32_t>(std::stoul(argv[2])));
    } else {
        std::cerr << "capture_bench hold URI DIRECTORY CYCLES DOMAIN.xml... | sent GRANULARITY\n";
        return 2;
    }
    return 0;
}

}  // namespace
}  // namespace reviver::capture

int main(int argc, char** argv) {
    try {
        return reviver::capture::run(argc, argv);
    } catch (const reviver::Error& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}
