// The one error type. A code is for programs, the text is for people and says what to do; whoever
// passes an error on may add context in front. Errors are for what comes from outside (network,
// disk, file, user, hypervisor). A broken invariant of our own is not an Error: see base/check.h.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reviver {

enum class Code : std::uint8_t {
    failed,             // anything without a better name
    access_denied,      // the caller or the peer is not allowed to
    not_supported,      // this build, host or image cannot do it
    timeout,            // did not end in time
    invalid_parameter,  // a value that can never be right
    in_use,             // somebody else is at it: try again later
    invalid_state,      // right call, wrong moment
    wrong_type,         // a value of another type or class than asked for
    unavailable,        // the other end cannot be reached, or went away
    out_of_memory,      // a stated limit of memory or number is reached
    not_found,          // names something that is not there
    exists,             // names something that is there already
    no_space,           // the disk is full
    corrupt,            // data fails its checksum or its format
    protocol,           // a peer or client broke the protocol
    stale_epoch,        // the sender's role has been taken from it
    stopped,            // we ourselves are shutting down
    no_file,            // a path that somebody named leads to nothing
};
constexpr Code last_code = Code::no_file;

// What whoever drives a piece of work does about an error.
enum class Reaction : std::uint8_t {
    give_up,    // repeating cannot help
    reconnect,  // a new connection may help
    wait,       // the same again later may help
    stop,       // shutting down: neither an error to report nor one to repeat
};

std::string_view name_of(Code code);
Reaction reaction_to(Code code);

// Of work on several things what failed for one of them, told so that it can stand alone.
struct ErrorPart {
    std::string of;  // which, by its id
    Code code = Code::failed;
    std::string text;
    bool operator==(const ErrorPart&) const = default;
};

class Error : public std::runtime_error {
  public:
    // With parts: the text says all of it.
    Error(Code code, std::string text, std::vector<ErrorPart> parts = {})
        : std::runtime_error(text), code_(code), text_(std::move(text)), parts_(std::move(parts)) {}

    Code code() const { return code_; }
    const char* what() const noexcept override { return text_.c_str(); }
    // Nothing when the error is not about several things.
    const std::vector<ErrorPart>& parts() const { return parts_; }

    // Puts "context: " in front of the text, and of each part's. Use as: catch (Error& e) {
    // e.add_context("..."); throw; }
    void add_context(std::string_view context) {
        text_ = fmt::format("{}: {}", context, text_);
        for (ErrorPart& part : parts_) part.text = fmt::format("{}: {}", context, part.text);
    }

  private:
    Code code_;
    std::string text_;
    std::vector<ErrorPart> parts_;
};

template <class... Args>
[[noreturn]] void fail(Code code, fmt::format_string<Args...> format, Args&&... args) {
    throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

// For errno-style failures: maps ENOSPC, ENOENT, EEXIST, EACCES and the connection errors to their
// codes.
[[noreturn]] void fail_errno(int error_number, std::string_view doing_what);

}  // namespace reviver
