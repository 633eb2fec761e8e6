// What the doors cost: requests a second and the slowest one in a hundred, through TLS on loopback,
// from one client that keeps its connection; and what 10,000 instances take in time and memory.
//
// The object model is a small one in memory, so that the doors are measured and not what is behind
// them. Each request proves who asks, at no cost.
#include "cim/mof_parser.h"
#include "cim/object_manager.h"
#include "cim/ws_names.h"
#include "rest/json_door.h"
#include "rest/uri.h"
#include "server/cim_xml_door.h"
#include "server/https_server.h"
#include "server/test_tls.h"
#include "server/wsman_door.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <unordered_map>

namespace reviver::rest {
namespace {

namespace ws = cim::ws;
using Clock = std::chrono::steady_clock;

constexpr const char* bench_mof = R"(
class Collection {
    [Key] string Id; string ElementName; string Caption; string Description; uint16 State;
    uint16 Mode; uint32 Health; uint64 Bytes; datetime LastApplyTime; string Members[];
};
class Few {
    [Key] string Id; string ElementName; string Caption; string Description; uint16 State;
    uint16 Mode; uint32 Health; uint64 Bytes; datetime LastApplyTime; string Members[];
};
class Service { [Key] string Name; uint32 Call([In] string Text, [In(false), Out] string Said); };
)";

class BenchSource : public cim::InstanceSource {
  public:
    BenchSource(const char* class_name, int count) {
        for (int i = 0; i < count; ++i) {
            const std::string id = fmt::format("{:08}-0000-0000-0000-000000000000", i);
            cim::Instance one(class_name);
            one.set("Id", id).set("ElementName", fmt::format("collection {}", i));
            one.set("Caption", "Collection of virtual machines").set("Description", "Replicating");
            one.set("State", std::uint16_t{8}).set("Mode", std::uint16_t{1});
            one.set("Health", std::uint32_t{5}).set("Bytes", std::uint64_t{1} << 40);
            one.set("LastApplyTime", cim::DateTime::at(1'700'000'000'000'000));
            one.set("Members", std::vector<std::string>{id, id, id, id});
            instances_.push_back(std::move(one));
            by_id_[id] = instances_.size() - 1;
        }
    }
    std::vector<cim::Instance> enumerate(const std::string&) override { return instances_; }
    std::optional<cim::Instance> get(const cim::ObjectPath& path) override {
        const auto found = by_id_.find(path.key_text("Id"));
        if (found == by_id_.end()) return std::nullopt;
        return instances_[found->second];
    }

  private:
    std::vector<cim::Instance> instances_;
    std::unordered_map<std::string, std::size_t> by_id_;
};

class OneService : public cim::InstanceSource {
  public:
    std::vector<cim::Instance> enumerate(const std::string&) override { return {service_}; }
    std::optional<cim::Instance> get(const cim::ObjectPath& path) override {
        if (path.key_text("Name") != "svc") return std::nullopt;
        return service_;
    }

  private:
    const cim::Instance service_ = cim::Instance("Service").set("Name", "svc");
};

std::shared_ptr<const cim::ObjectManager> bench_model() {
    auto schema = std::make_shared<cim::Schema>("root/test");
    cim::read_mof(*schema, "bench.mof", [](const std::string&) { return bench_mof; });
    schema->resolve();
    cim::Registry registry(schema);
    registry.bind_class("Collection", std::make_shared<BenchSource>("Collection", 10'000));
    registry.bind_class("Few", std::make_shared<BenchSource>("Few", 1'000));
    registry.bind_class("Service", std::make_shared<OneService>());
    registry.bind_method("Service", "Call", [](const cim::Call& call) {
        return cim::MethodResult{0, {{"Said", call.argument("Text")}}};
    });
    auto objects = std::make_shared<cim::ObjectManager>(std::make_shared<cim::RoleAuthorizer>());
    objects->add_namespace(std::move(registry));
    return objects;
}

class Everybody : public server::Authenticator {
  public:
    server::Authentication authenticate(const server::HttpRequest&, server::Connection&) override {
        return server::accepted_login(cim::Principal("admin", {cim::Role::administrator}));
    }
    std::string challenge(const server::Connection&) const override { return "Basic"; }
};

// The server with its three doors, and one client.
class Bench {
  public:
    Bench() {
        std::signal(SIGPIPE, SIG_IGN);
        server::write_certificate(directory_ / "cert.pem", directory_ / "key.pem", "IP:127.0.0.1");
        const auto objects = bench_model();
        server::Router router;
        router.add("/wsman", std::make_shared<server::WsmanDoor>(objects, server::DoorOptions{}));
        router.add("/cimom", std::make_shared<server::CimXmlDoor>(objects, server::DoorOptions{}));
        router.add_below(std::string(api_root),
                         std::make_shared<JsonDoor>(objects, events_, server::DoorOptions{}));
        server::HttpsOptions options;
        options.port = 0;
        options.certificate_file = directory_ / "cert.pem";
        options.key_file = directory_ / "key.pem";
        server_ = std::make_unique<server::HttpsServer>(options, std::move(router),
                                                        std::make_shared<Everybody>());
        client_ = std::make_unique<server::TestTlsClient>(server_->port());
    }

    std::string ask(const std::string& request) {
        auto reply = client_->ask(request);
        if (reply.status != 200) {
            std::fprintf(stderr, "%d: %s\n", reply.status, reply.body.c_str());
            std::abort();
        }
        return std::move(reply.body);
    }

  private:
    server::TestDirectory directory_;
    cim::EventBus events_{"bench"};
    std::unique_ptr<server::HttpsServer> server_;
    std::unique_ptr<server::TestTlsClient> client_;
};

Bench& bench() {
    static Bench the_bench;
    return the_bench;
}

std::string post(const char* path, const std::string& fields, const std::string& body) {
    return fmt::format("POST {} HTTP/1.1\r\nHost: x\r\n{}\r\nContent-Length: {}\r\n\r\n{}", path,
                       fields, body.size(), body);
}

// --- each door's words for the same

std::string json_get(const std::string& rest) {
    return fmt::format("GET /api/v1/root:test/{} HTTP/1.1\r\nHost: x\r\n\r\n", rest);
}

std::string cim_xml(const std::string& call) {
    return post("/cimom", "Content-Type: application/xml\r\nCIMOperation: MethodCall",
                "<CIM CIMVERSION=\"2.0\" DTDVERSION=\"2.0\"><MESSAGE ID=\"1\" "
                "PROTOCOLVERSION=\"1.0\"><SIMPLEREQ>" +
                    call + "</SIMPLEREQ></MESSAGE></CIM>");
}

constexpr const char* local_space =
    "<LOCALNAMESPACEPATH><NAMESPACE NAME=\"root\"/><NAMESPACE NAME=\"test\"/>"
    "</LOCALNAMESPACEPATH>";

std::string cim_xml_operation(const std::string& name, const std::string& parameters) {
    return cim_xml("<IMETHODCALL NAME=\"" + name + "\">" + local_space + parameters +
                   "</IMETHODCALL>");
}

std::string class_parameter(const std::string& name) {
    return "<IPARAMVALUE NAME=\"ClassName\"><CLASSNAME NAME=\"" + name + "\"/></IPARAMVALUE>";
}

std::string wsman(const std::string& action, const std::string& class_name,
                  const std::string& header, const std::string& body) {
    const std::string uri = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/test/" + class_name;
    return post(
        "/wsman", "Content-Type: application/soap+xml;charset=UTF-8",
        std::string("<s:Envelope xmlns:s=\"") + ws::soap + "\" xmlns:a=\"" + ws::addressing +
            "\" xmlns:w=\"" + ws::wsman + "\" xmlns:n=\"" + ws::enumeration +
            "\"><s:Header><a:To>x</a:To><a:ReplyTo><a:Address>" + ws::anonymous +
            "</a:Address></a:ReplyTo><a:Action>" + (action.empty() ? uri + "/Call" : action) +
            "</a:Action><a:MessageID>uuid:1</a:MessageID><w:ResourceURI>" + uri +
            "</w:ResourceURI>" + header + "</s:Header><s:Body>" + body + "</s:Body></s:Envelope>");
}

std::string selector(const std::string& name, const std::string& value) {
    return "<w:SelectorSet><w:Selector Name=\"" + name + "\">" + value +
           "</w:Selector></w:SelectorSet>";
}

constexpr const char* an_id = "00000500-0000-0000-0000-000000000000";

std::string get_by(const std::string& door) {
    if (door == "json") return json_get(std::string("instances/Few/") + an_id);
    if (door == "wsman") return wsman(ws::action_get, "Few", selector("Id", an_id), "");
    return cim_xml_operation("GetInstance",
                             std::string("<IPARAMVALUE NAME=\"InstanceName\"><INSTANCENAME "
                                         "CLASSNAME=\"Few\"><KEYBINDING NAME=\"Id\"><KEYVALUE "
                                         "VALUETYPE=\"string\">") +
                                 an_id + "</KEYVALUE></KEYBINDING></INSTANCENAME></IPARAMVALUE>");
}

std::string invoke_by(const std::string& door) {
    if (door == "json") {
        return post("/api/v1/root:test/instances/Service/svc/methods/Call",
                    "Content-Type: application/json", R"({"Text": "hello"})");
    }
    if (door == "wsman") {
        return wsman("", "Service", selector("Name", "svc"),
                     "<p:Call_INPUT xmlns:p=\"x\"><p:Text>hello</p:Text></p:Call_INPUT>");
    }
    return cim_xml("<METHODCALL NAME=\"Call\"><LOCALINSTANCEPATH>" + std::string(local_space) +
                   "<INSTANCENAME CLASSNAME=\"Service\"><KEYBINDING NAME=\"Name\"><KEYVALUE "
                   "VALUETYPE=\"string\">svc</KEYVALUE></KEYBINDING></INSTANCENAME>"
                   "</LOCALINSTANCEPATH><PARAMVALUE NAME=\"Text\" PARAMTYPE=\"string\"><VALUE>"
                   "hello</VALUE></PARAMVALUE></METHODCALL>");
}

std::size_t count_of(const std::string& text, const std::string& what) {
    std::size_t count = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
    return count;
}

std::string between(const std::string& text, const std::string& before, const std::string& after) {
    const auto at = text.find(before);
    if (at == std::string::npos) return {};
    const auto start = at + before.size();
    return text.substr(start, text.find(after, start) - start);
}

// Give how many instances came.
std::size_t enumerate_json(const std::string& class_name) {
    std::string body = bench().ask(json_get("instances/" + class_name));
    std::size_t count = count_of(body, "\"@href\"");
    while (true) {
        const std::string next = between(body, "\"next\":\"/api/v1/root:test/", "\"");
        if (next.empty()) return count;
        body = bench().ask(json_get(next));
        count += count_of(body, "\"@href\"");
    }
}

std::size_t enumerate_cim_xml(const std::string& class_name) {
    return count_of(
        bench().ask(cim_xml_operation("EnumerateInstances", class_parameter(class_name))),
        "<VALUE.NAMEDINSTANCE>");
}

std::size_t enumerate_wsman(const std::string& class_name) {
    const std::string optimized = "<w:OptimizeEnumeration/><w:MaxElements>32000</w:MaxElements>";
    std::string body = bench().ask(wsman(ws::action_enumerate, class_name, "",
                                         "<n:Enumerate>" + optimized + "</n:Enumerate>"));
    std::size_t count = count_of(body, "<p:Id>");
    while (body.find("EndOfSequence") == std::string::npos) {
        const std::string name = between(body, "EnumerationContext>", "<");
        body = bench().ask(wsman(ws::action_pull, class_name, "",
                                 "<n:Pull><n:EnumerationContext>" + name +
                                     "</n:EnumerationContext><n:MaxElements>32000"
                                     "</n:MaxElements></n:Pull>"));
        count += count_of(body, "<p:Id>");
    }
    return count;
}

// --- measuring

// Times of single requests; the slowest one in a hundred is told beside the rate.
class Times {
  public:
    template <class F>
    void measure(F&& work) {
        const auto start = Clock::now();
        work();
        times_.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
    }
    void tell(benchmark::State& state) {
        std::sort(times_.begin(), times_.end());
        state.counters["p99_ms"] = times_[times_.size() * 99 / 100];
        state.counters["per_s"] =
            benchmark::Counter(static_cast<double>(times_.size()), benchmark::Counter::kIsRate);
    }

  private:
    std::vector<double> times_;
};

void ask_again(benchmark::State& state, const std::string& request) {
    bench();
    Times times;
    for ([[maybe_unused]] auto _ : state) times.measure([&] { bench().ask(request); });
    times.tell(state);
}

double resident_mib(const char* field) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(field)) {
            return std::strtod(line.c_str() + std::string_view(field).size() + 1, nullptr) / 1024;
        }
    }
    return 0;
}

using Enumerate = std::size_t (*)(const std::string&);

void enumerate(benchmark::State& state, Enumerate all, const char* class_name,
               std::size_t expected) {
    bench();
    Times times;
    malloc_trim(0);
    std::ofstream("/proc/self/clear_refs") << "5";  // the peak begins anew
    const double before = resident_mib("VmRSS:");
    for ([[maybe_unused]] auto _ : state) {
        times.measure([&] {
            if (all(class_name) != expected) std::abort();
        });
    }
    times.tell(state);
    state.counters["peak_MiB"] = resident_mib("VmHWM:") - before;
}

BENCHMARK_CAPTURE(ask_again, get_wsman, get_by("wsman"))->UseRealTime();
BENCHMARK_CAPTURE(ask_again, get_cim_xml, get_by("cim_xml"))->UseRealTime();
BENCHMARK_CAPTURE(ask_again, get_json, get_by("json"))->UseRealTime();
BENCHMARK_CAPTURE(ask_again, invoke_wsman, invoke_by("wsman"))->UseRealTime();
BENCHMARK_CAPTURE(ask_again, invoke_cim_xml, invoke_by("cim_xml"))->UseRealTime();
BENCHMARK_CAPTURE(ask_again, invoke_json, invoke_by("json"))->UseRealTime();
BENCHMARK_CAPTURE(enumerate, thousand_wsman, enumerate_wsman, "Few", 1000)->UseRealTime();
BENCHMARK_CAPTURE(enumerate, thousand_cim_xml, enumerate_cim_xml, "Few", 1000)->UseRealTime();
BENCHMARK_CAPTURE(enumerate, thousand_json, enumerate_json, "Few", 1000)->UseRealTime();
BENCHMARK_CAPTURE(enumerate, ten_thousand_wsman, enumerate_wsman, "Collection", 10'000)
    ->UseRealTime();
BENCHMARK_CAPTURE(enumerate, ten_thousand_cim_xml, enumerate_cim_xml, "Collection", 10'000)
    ->UseRealTime();
BENCHMARK_CAPTURE(enumerate, ten_thousand_json, enumerate_json, "Collection", 10'000)
    ->UseRealTime();

}  // namespace
}  // namespace reviver::rest

BENCHMARK_MAIN();
