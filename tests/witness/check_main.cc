// witness-check [--json] IMAGE... Says whether the disks of a witness group, all of them, show the
// group at one moment. Images are anything that qemu-img reads; FORMAT:PATH names the format
// ("raw:/x/disk.img"). Ends with 0: the order holds; 1: it does not; 2: could not be judged.
#include "base/error.h"
#include "witness/check.h"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace reviver::witness {
namespace {

constexpr std::string_view kFormats[] = {"raw", "qcow2"};

// Raw copies of the images, removed at the end.
class RawCopies {
  public:
    RawCopies() {
        std::string pattern = (std::filesystem::temp_directory_path() / "witness.XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr) fail_errno(errno, "make a temporary directory");
        directory_ = pattern;
    }
    ~RawCopies() {
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }
    RawCopies(const RawCopies&) = delete;
    RawCopies& operator=(const RawCopies&) = delete;

    std::filesystem::path of(const std::string& image) {
        // Keeps the image's own name, for what the verdict says about it.
        const auto copy = directory_ / fmt::format("{}-{}", count_++, name_of(image));
        std::vector<std::string> words{"qemu-img", "convert", "-U", "-O", "raw"};
        std::string path = image;
        for (const auto format : kFormats) {
            if (!image.starts_with(fmt::format("{}:", format))) continue;
            words.insert(words.end(), {"-f", std::string(format)});
            path = image.substr(format.size() + 1);
        }
        words.insert(words.end(), {path, copy.string()});
        run(words);
        return copy;
    }

  private:
    static std::string name_of(const std::string& image) {
        return std::filesystem::path(image).filename().string();
    }

    static void run(std::vector<std::string>& words) {
        std::vector<char*> arguments;
        for (auto& word : words) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        pid_t child = 0;
        if (const int error =
                posix_spawnp(&child, arguments[0], nullptr, nullptr, arguments.data(), environ)) {
            fail_errno(error, "start qemu-img");
        }
        int status = 0;
        if (waitpid(child, &status, 0) != child || status != 0) {
            fail(Code::failed, "qemu-img cannot read {}", words[words.size() - 2]);
        }
    }

    std::filesystem::path directory_;
    unsigned count_ = 0;
};

void print_json(const Verdict& verdict) {
    boost::json::object object{
        {"holds", verdict.holds()},
        {"group", verdict.group},
        {"last_record", verdict.last_record},
        {"last_written_at_ns", verdict.last_written_at_ns},
        {"records", verdict.records},
        {"write_under_way", verdict.write_under_way},
        {"quiesced", verdict.quiesced},
        {"fault_count", verdict.fault_count},
        {"faults", boost::json::array(verdict.faults.begin(), verdict.faults.end())},
    };
    fmt::print("{}\n", boost::json::serialize(object));
}

void print_text(const Verdict& verdict) {
    if (verdict.holds()) {
        fmt::print("the order holds: group {}, last record {}, {} records{}\n", verdict.group,
                   verdict.last_record, verdict.records, verdict.quiesced ? ", quiesced" : "");
        return;
    }
    fmt::print("the order does NOT hold: group {}, last record {}, {} faults\n", verdict.group,
               verdict.last_record, verdict.fault_count);
    for (const auto& fault : verdict.faults) fmt::print("  {}\n", fault);
}

int judge(const std::vector<std::string>& images, bool json) {
    RawCopies copies;
    std::vector<std::filesystem::path> raw;
    for (const auto& image : images) raw.push_back(copies.of(image));
    const Verdict verdict = check(raw);
    json ? print_json(verdict) : print_text(verdict);
    return verdict.holds() ? 0 : 1;
}

}  // namespace
}  // namespace reviver::witness

int main(int argc, char** argv) {
    std::vector<std::string> images(argv + 1, argv + argc);
    const bool json = !images.empty() && images.front() == "--json";
    if (json) images.erase(images.begin());
    if (images.empty()) {
        fmt::print(stderr, "usage: witness-check [--json] IMAGE...\n");
        return 2;
    }
    try {
        return reviver::witness::judge(images, json);
    } catch (const reviver::Error& error) {
        fmt::print(stderr, "witness-check: {}\n", error.what());
        return 2;
    }
}
