#include "audit/files.h"
#include "audit/verify.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/json_view.h"
#include "cli/text_format.h"
#include "site/config.h"
#include "site/layout.h"

#include <fmt/format.h>

namespace reviver::cli {
namespace {

std::filesystem::path log_directory(const Arguments& arguments) {
    if (!arguments.url.empty()) {
        fail(Code::not_supported,
             "an audit log is read on the machine of its site; from elsewhere an auditor gets it "
             "at /audit");
    }
    const site::Layout layout{site_directory(arguments)};
    return audit::directory_in(site::load_config(layout.config()).data_dir);
}

std::string text_of(const audit::Verdict& verdict) {
    std::string text = fmt::format("{} lines, {} to {}, none changed, left out or moved\n",
                                   verdict.lines, verdict.before.number + 1, verdict.last.number);
    if (verdict.before.number > 0) {
        text += fmt::format("continues line {} with the hash {}\n", verdict.before.number,
                            verdict.before.hash);
    }
    if (verdict.torn_lines > 0) {
        text += fmt::format("{} lines were cut off when the machine stopped, and sealed\n",
                            verdict.torn_lines);
    }
    if (verdict.torn_end) text += "the last line was cut off; the daemon seals it when it writes\n";
    return text + "last hash: " + verdict.last.hash;
}

}  // namespace

void verify_audit_log(const Arguments& arguments, const Console& console) {
    std::vector<std::filesystem::path> files(arguments.files.begin(), arguments.files.end());
    if (files.empty()) files = audit::files_of(log_directory(arguments));
    const audit::Verdict verdict = audit::verify(files, arguments.contains);
    if (!arguments.contains.empty() && !verdict.contains_expected) {
        fail(Code::corrupt, "no line has the hash {}: lines are missing, or were all written anew",
             arguments.contains);
    }
    if (!console.json) return console.print(text_of(verdict));
    print_json(console, {{"lines", verdict.lines},
                         {"first", verdict.before.number + 1},
                         {"last", verdict.last.number},
                         {"torn_lines", verdict.torn_lines},
                         {"torn_end", verdict.torn_end},
                         {"last_hash", verdict.last.hash}});
}

void show_audit_log(const Arguments& arguments, const Console& console) {
    audit::each_line_after(log_directory(arguments), arguments.after, [&](std::string_view line) {
        console.print(printable(std::string(line)));
        return true;
    });
}

}  // namespace reviver::cli
