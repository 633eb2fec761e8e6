#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/json_view.h"
#include "cli/text_format.h"
#include "cli/values.h"
#include "site/endpoint.h"

#include <fmt/format.h>

#include <charconv>

namespace reviver::cli {
namespace {

struct Introduction {
    std::string name;
    sys::Endpoint endpoint;
    std::string fingerprint;
};

// What a site gets to see when it looks at an endpoint.
Introduction seen_from(RemoteSite& site, const sys::Endpoint& endpoint) {
    Accepted answer = site.call(site_service, "FetchPeerFingerprint",
                                {{"Host", endpoint.host}, {"Port", endpoint.port}});
    return {"", endpoint, text_of(answer.get("Fingerprint"))};
}

void add_peer(RemoteSite& site, const Introduction& peer) {
    site.call(site_service, "AddPeer",
              {{"Name", peer.name},
               {"Host", peer.endpoint.host},
               {"Port", peer.endpoint.port},
               {"Fingerprint", plain_fingerprint(peer.fingerprint)}});
}

Introduction introduction_of(const SiteInfo& info) {
    return {
        info.name, {info.peer_host, static_cast<std::uint16_t>(info.peer_port)}, info.fingerprint};
}

void require_same(const std::string& expected, const Introduction& seen) {
    if (plain_fingerprint(expected) == plain_fingerprint(seen.fingerprint)) return;
    fail(Code::access_denied,
         "at {} answers somebody else: it shows the fingerprint\n  {}\nand expected was\n  {}\n"
         "nobody was paired",
         seen.endpoint.text(), fingerprint_text(seen.fingerprint), fingerprint_text(expected));
}

void show(const Console& console, const std::string& name, const std::string& fingerprint) {
    console.tell(fmt::format("  {:<16} {}", printable(name), fingerprint_text(fingerprint)));
}

void require_consent(const Session& session, const std::string& question) {
    if (session.arguments.assume_yes) return;
    if (!session.console.asked(question, "compare the fingerprints and give --yes")) {
        fail(Code::stopped, "nobody was paired");
    }
}

void pair_both(const Session& session) {
    Access other_access = access_to_directory(session.arguments.with);
    RemoteSite other = connect(other_access, session.arguments);
    Introduction here = introduction_of(session.site.info());
    Introduction there = introduction_of(other.info());
    require_same(there.fingerprint, seen_from(session.site, there.endpoint));
    require_same(here.fingerprint, seen_from(other, here.endpoint));
    session.console.tell("Each site sees the other one's certificate:");
    show(session.console, here.name, here.fingerprint);
    show(session.console, there.name, there.fingerprint);
    require_consent(session, "Are these the two sites?");
    add_peer(session.site, there);
    add_peer(other, here);
    if (session.console.json) {
        return print_json(session.console, {{"paired", {here.name, there.name}}});
    }
    session.console.print(fmt::format("{} and {} are paired", here.name, there.name));
}

void pair_one(const Session& session) {
    const Arguments& arguments = session.arguments;
    Introduction peer = seen_from(session.site, site::parse_endpoint(arguments.peer));
    peer.name = arguments.name;
    if (!arguments.fingerprint.empty()) {
        require_same(arguments.fingerprint, peer);
    } else {
        session.console.tell(
            "The site there shows this certificate; `reviver fingerprint` there "
            "must print the same:");
        show(session.console, peer.name, peer.fingerprint);
        require_consent(session, "Is it the same?");
    }
    add_peer(session.site, peer);
    if (session.console.json) return print_json(session.console, {{"paired", {peer.name}}});
    SiteInfo here = session.site.info();
    session.console.print(fmt::format(
        "{0} is a peer of {1} now; at {0} do the same: reviver pair --name {1} --peer {2} "
        "--fingerprint {3}",
        peer.name, here.name, introduction_of(here).endpoint.text(),
        fingerprint_text(here.fingerprint)));
}

}  // namespace

void pair_sites(const Session& session) {
    if (session.arguments.with.empty()) {
        pair_one(session);
    } else {
        pair_both(session);
    }
}

void list_peers(const Session& session) {
    std::vector<Peer> peers = session.site.peers();
    if (session.console.json) return print_json(session.console, json_of_all(peers));
    if (peers.empty()) {
        return session.console.print("no peers; `reviver pair` introduces one");
    }
    std::vector<std::vector<std::string>> rows{{"NAME", "ENDPOINT", "FINGERPRINT"}};
    for (const Peer& peer : peers) {
        rows.push_back({printable(peer.name),
                        sys::Endpoint{peer.host, static_cast<std::uint16_t>(peer.port)}.text(),
                        fingerprint_text(peer.fingerprint)});
    }
    session.console.out << table_text(rows);
}

void unpair_site(const Session& session) {
    session.site.call(site_service, "RemovePeer", {{"Name", session.arguments.name}});
    if (session.console.json) return print_json(session.console, {{"done", true}});
    session.console.print(session.arguments.name + " is no peer any more");
}

}  // namespace reviver::cli
