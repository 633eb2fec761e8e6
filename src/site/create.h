// Makes a new site: directory, configuration, keys, certificates and the first administrator.
//
// Everything is written into a directory beside the wanted one, synced, and renamed at the end: the
// site is there completely or not at all, and nothing that was there before is touched.
#pragma once

#include "site/layout.h"
#include "sys/network.h"

#include <filesystem>
#include <optional>
#include <string>

namespace reviver::site {

struct NewSite {
    std::filesystem::path directory;  // must not exist, or be empty
    std::string name;
    sys::Endpoint peer_listen{"0.0.0.0", 7443};
    sys::Endpoint management_listen{"127.0.0.1", 5986};
    std::string libvirt_uri;  // empty: the embedded driver in DIR/libvirt
};

struct CreatedSite {
    Layout layout;
    std::string peer_fingerprint;
    sys::Endpoint peer_advertise;
};

// Error(exists) when there is something at the directory already, Error(invalid_parameter) for a
// bad name.
CreatedSite create_site(const NewSite& wanted);

// The name of this machine up to the first dot: what a site is called when nobody says.
std::string default_site_name();

}  // namespace reviver::site
