// From a command line to a connected site.
#pragma once

#include "cli/arguments.h"
#include "cli/remote_site.h"

#include <filesystem>
#include <string>

namespace reviver::cli {

// Where `reviver init` puts a site that the systemd unit runs, and where commands look when they
// are told nothing.
inline constexpr const char* default_site_directory = "/var/lib/reviver";

struct Access {
    std::string url;
    std::string user;
    std::string password;
    std::filesystem::path ca_file;
    std::string described;  // for messages: the directory or the URL
};

// The first line of the file. Error(not_found) for none.
std::string read_password(const std::filesystem::path& file);
// The directory that the command line, the environment or the default names.
// Error(invalid_parameter) when there is none.
std::filesystem::path site_directory(const Arguments& arguments);
// Reads configuration and password of a site on this machine.
Access access_to_directory(const std::filesystem::path& directory);
Access access_of(const Arguments& arguments);

// Connects at the first request. Error(unavailable) of it says how to start the daemon.
RemoteSite connect(const Access& access, const Arguments& arguments);

}  // namespace reviver::cli
