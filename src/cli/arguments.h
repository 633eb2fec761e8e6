// The command line of reviver(1) as a value. Parsing checks the form; what names mean is found out
// at the site.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace reviver::cli {

inline constexpr const char* latest_point = "latest";

struct Arguments {
    std::string command;  // "failover", "vm list": the words of a subcommand

    // Which site. Empty: not said.
    std::string site;  // directory made by `reviver init`
    std::string url;
    std::string user;
    std::string password_file;
    std::string ca_file;

    bool json = false;
    std::optional<bool> wait;  // for the job; not said: on a terminal
    std::optional<unsigned> timeout_s;
    bool assume_yes = false;

    std::string collection;        // name or id
    std::vector<std::string> vms;  // names or ids
    std::string name;              // a new name, or the name of a peer
    std::string id;                // of a job, or for a new collection
    std::string to;                // enable: name of the peer
    std::optional<unsigned> interval_s;
    std::optional<unsigned> history;
    std::optional<unsigned> application_interval_h;
    bool no_compression = false;
    std::optional<bool> compression, auto_resync;  // modify
    std::vector<std::string> disks;                // "VM/TARGET"
    std::vector<std::string> include, exclude;     // modify: the same
    bool all_disks = false;                        // modify
    bool cancel_disks = false;                     // modify
    std::string point = latest_point;              // or a sequence
    bool start = false;                            // failover, test: start the VMs
    bool revert = false;                           // test: remove it
    bool cancel = false;                           // planned-failover, start, resync: give it up
    std::string at;                                // start, resync: when, ISO 8601
    bool no_auto_resync = false;                   // enable
    bool include_suspended = false;                // resync
    bool seeded = false;                           // start: the other site has an older copy
    bool reset = false;                            // statistics: start anew
    std::string with;                              // pair: directory of the other site
    std::string peer;                              // pair: HOST:PORT
    std::string fingerprint;                       // pair: known already

    // user
    std::vector<std::string> roles;
    bool generate = false;     // the password
    bool no_password = false;  // other proofs only
    std::string file;          // of a certificate; shared-disk add: the image
    std::string common_name;   // of certificates
    bool none = false;         // certificates: take them all away

    // shared-disk; `file` is its image, `vms` the one that is to have it
    std::string format = "raw";
    std::uint64_t create_bytes = 0;  // 0: the image is there
    std::string target;              // "": one that is free

    // audit
    std::vector<std::string> files;  // empty: those of the site
    std::string contains;            // the hash of a line that has to be there
    std::uint64_t after = 0;         // the number of a line

    // init
    std::string directory;  // and of a medium: start --export, import
    std::string peer_listen;
    std::string management_listen;
    std::string libvirt_uri;
};

struct Parsed {
    std::optional<Arguments> arguments;  // nothing: `text` is all there is to do
    int exit_code = 0;
    std::string text;  // help or version (exit code 0), or what is wrong (2)
};

inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;

// `argv` without the name of the program.
Parsed parse_arguments(const std::vector<std::string>& argv);

}  // namespace reviver::cli
