#include "audit/audit_log.h"

#include "audit/files.h"
#include "base/error.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace reviver::audit {

namespace fs = std::filesystem;

namespace {

// The last line that is whole, and what lies behind it.
struct End {
    std::string_view last;  // empty: no line
    std::string_view torn;  // without a newline at its end
    bool cut_off = false;   // that newline is missing
};

// A line whose newline reached the disk may still be torn: so what is sealed may have one line, and
// no more.
End end_of(std::string_view text) {
    const auto newline = text.rfind('\n');
    End end{{}, text.substr(newline + 1), !text.ends_with('\n')};
    if (newline == std::string_view::npos) return end;
    std::string_view whole = text.substr(0, newline);
    end.last = whole.substr(whole.rfind('\n') + 1);
    if (end.cut_off || !is_torn(end.last)) return end;
    end.torn = end.last;
    whole.remove_suffix(std::min(whole.size(), end.last.size() + 1));
    end.last = whole.substr(whole.rfind('\n') + 1);
    return end;
}

// The number of the first line that is whole; one that was torn, and sealed since, has none.
std::uint64_t first_number(std::string_view text) {
    std::string_view line = text.substr(0, text.find('\n'));
    if (is_torn(line) && line.size() < text.size()) {
        text.remove_prefix(line.size() + 1);
        line = text.substr(0, text.find('\n'));
    }
    return parse_line(line).link.number;
}

}  // namespace

AuditLog::AuditLog(fs::path directory, std::uint64_t file_bytes_max)
    : directory_(std::move(directory)), file_bytes_max_(file_bytes_max) {}

std::uint64_t AuditLog::append(const boost::json::object& what) {
    const std::lock_guard lock(mutex_);
    try {
        append_or_throw(what);
        return last_.number;
    } catch (const Error& error) {
        fail(Code::unavailable,
             "the audit log cannot be written, and nothing is changed that is not in it: {}",
             error.what());
    }
}

void AuditLog::append_or_throw(const boost::json::object& what) {
    if (!file_) open();
    if (size_bytes_ >= file_bytes_max_) put_aside();
    write(write_line(last_, what));
}

void AuditLog::open() {
    if (::mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST) {
        fail_errno(errno, "making " + directory_.string());
    }
    last_ = {};
    size_bytes_ = 0;
    const fs::path path = current_file(directory_);
    sys::Descriptor file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW));
    if (!file && errno != ENOENT) fail_errno(errno, "opening " + path.string());
    if (!file) {
        take_up_after_full_files();
        return begin_file();
    }
    const std::string text = read_file(path);
    size_bytes_ = text.size();
    file_ = std::move(file);
    try {
        continue_file(text);
    } catch (const Error&) {
        file_ = {};
        throw;
    }
}

void AuditLog::begin_file() {
    const fs::path path = current_file(directory_);
    file_ = sys::Descriptor(
        ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file_) fail_errno(errno, "making " + path.string());
    size_bytes_ = 0;
    first_line_ = last_.number + 1;
    sync_directory();
}

// The last line that is there is the one that the next continues, torn lines or not.
void AuditLog::take_up_after_full_files() {
    std::vector<fs::path> files;
    try {
        files = files_of(directory_);
    } catch (const Error& error) {
        if (error.code() == Code::not_found) return;
        throw;
    }
    if (files.back() == current_file(directory_)) files.pop_back();
    if (files.empty()) return;
    const std::string text = read_file(files.back());
    last_ = parse_line(end_of(text).last).link;
}

void AuditLog::continue_file(const std::string& text) {
    const auto [last, torn, cut_off] = end_of(text);
    try {
        if (last.empty()) {
            take_up_after_full_files();
            first_line_ = last_.number + 1;
        } else {
            last_ = parse_line(last).link;
            first_line_ = first_number(text);
        }
    } catch (Error& error) {
        error.add_context(fmt::format(
            "the end of {} was tampered with or damaged; keep a copy and move the directory away, "
            "then a new log begins",
            current_file(directory_).string()));
        throw;
    }
    if (torn.empty()) return;
    if (cut_off && !is_torn(torn)) {
        // All but its newline.
        last_ = parse_line(torn).link;
        return write("\n" + write_line(last_, {{"event", "sealed"}, {"torn_bytes", 0}}));
    }
    const boost::json::object sealed{
        {"event", "sealed"}, {"torn_bytes", torn.size()}, {"torn_sha256", sha256_hex(torn)}};
    if (!cut_off) return write(write_line(last_, sealed));
    // The newline and the seal in one write: the seal is never far from what it seals.
    write("\n" + write_line(last_, sealed));
}

void AuditLog::write(const std::string& line) {
    const std::string text = line + "\n";
    std::size_t done = 0;
    int problem = 0;
    while (done < text.size() && problem == 0) {
        const ssize_t n = ::write(file_.get(), text.data() + done, text.size() - done);
        if (n < 0 && errno != EINTR) problem = errno;
        if (n > 0) done += static_cast<std::size_t>(n);
    }
    if (problem == 0 && ::fdatasync(file_.get()) != 0) problem = errno;
    if (problem != 0) {
        // What was not kept was not promised. If it cannot be taken back, the next opening seals it
        // or continues it.
        const bool taken_back = ::ftruncate(file_.get(), static_cast<off_t>(size_bytes_)) == 0;
        if (!taken_back) size_bytes_ += done;
        file_ = {};
        fail_errno(problem, "writing " + current_file(directory_).string());
    }
    size_bytes_ += text.size();
    last_ = parse_line(std::string_view(line).substr(line.starts_with('\n') ? 1 : 0)).link;
}

void AuditLog::put_aside() {
    const fs::path full = full_file(directory_, first_line_);
    if (::rename(current_file(directory_).c_str(), full.c_str()) != 0) {
        fail_errno(errno, "renaming to " + full.string());
    }
    file_ = {};
    begin_file();
}

void AuditLog::sync_directory() const {
    sys::Descriptor directory(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || ::fsync(directory.get()) != 0) {
        fail_errno(errno, "writing " + directory_.string());
    }
}

}  // namespace reviver::audit
