#include "cli/arguments.h"

#include <CLI/CLI.hpp>

#include <sstream>

namespace reviver::cli {
namespace {

const std::vector<std::string> role_names = {"viewer", "operator", "administrator", "auditor",
                                             "peer"};
constexpr unsigned timeout_s_max = 7 * 24 * 3600;

// Adds commands to the parser; each fills in its part of the Arguments.
class Grammar {
  public:
    Grammar(CLI::App& app, Arguments& into) : app_(app), into_(into) {}

    void add_all() {
        add_global_options();
        add_site_commands();
        add_user_commands();
        add_audit_commands();
        add_vm_commands();
        add_shared_disk_commands();
        add_collection_commands();
        add_relationship_commands();
        add_failover_commands();
        add_job_commands();
        add_peer_commands();
    }

  private:
    CLI::App* command(CLI::App* under, const std::string& name, const std::string& description) {
        CLI::App* added = under->add_subcommand(name, description);
        std::string words = under == &app_ ? name : under->get_name() + " " + name;
        added->final_callback([this, words] {
            if (into_.command.empty()) into_.command = words;
        });
        return added;
    }
    CLI::App* command(const std::string& name, const std::string& description) {
        return command(&app_, name, description);
    }
    CLI::App* group(const std::string& name, const std::string& description) {
        CLI::App* added = app_.add_subcommand(name, description);
        return added;
    }
    CLI::App* on_collection(CLI::App* command) {
        command->add_option("COLLECTION", into_.collection, "Name or id of the collection")
            ->required();
        return command;
    }
    CLI::App* waiting(CLI::App* command) {
        command->add_flag_callback(
            "--wait", [this] { into_.wait = true; },
            "Wait for the job and end as it ends; default on a terminal");
        command->add_flag_callback(
            "--no-wait", [this] { into_.wait = false; }, "Print the id of the job and end");
        return command;
    }
    void on_vms(CLI::App* command) {
        command->add_option("VM", into_.vms, "Names or ids of virtual machines")->required();
    }

    void add_global_options();
    void add_site_commands();
    void add_user_commands();
    void add_audit_commands();
    void add_vm_commands();
    void add_shared_disk_commands();
    void add_collection_commands();
    void add_relationship_commands();
    void add_failover_commands();
    void add_job_commands();
    void add_peer_commands();

    CLI::App& app_;
    Arguments& into_;
};

void Grammar::add_global_options() {
    app_.add_option("--site", into_.site, "Directory of the site, as made by `reviver init`")
        ->envname("REVIVER_SITE")
        ->type_name("DIR");
    auto* url = app_.add_option("--url", into_.url, "https://HOST:PORT/wsman of a site elsewhere");
    auto* user = app_.add_option("--user", into_.user, "Account there");
    auto* password = app_.add_option("--password-file", into_.password_file,
                                     "File whose first line is the password");
    auto* ca = app_.add_option("--ca", into_.ca_file, "PEM file with the certificate to trust");
    url->needs(user)->needs(password)->needs(ca);
    app_.add_flag("--json", into_.json, "Print JSON");
    app_.add_option("--timeout", into_.timeout_s, "Give up waiting after so many seconds")
        ->check(CLI::Range(1u, timeout_s_max));
}

void Grammar::add_site_commands() {
    auto* init = command("init", "Make a site: configuration, keys, certificates, administrator");
    init->add_option("DIR", into_.directory, "Directory that is new or empty")->required();
    init->add_option("--name", into_.name, "Name of the site; default the name of this machine");
    init->add_option("--peer-listen", into_.peer_listen,
                     "HOST:PORT where other sites connect to; default 0.0.0.0:7443");
    init->add_option("--management-listen", into_.management_listen,
                     "HOST:PORT of the management door; default 127.0.0.1:5986");
    init->add_option("--libvirt", into_.libvirt_uri,
                     "libvirt URI; default an embedded driver in DIR/libvirt");
    command("identify", "Show what answers at the management door");
    command("fingerprint", "Show the fingerprint of the site's peer certificate");
}

void Grammar::add_user_commands() {
    auto* user = group("user", "Accounts of the site; changed in its files, at work at once");
    command(user, "list", "Show who may come in, and as what");
    auto* add = command(user, "add", "Let somebody in");
    add->add_option("--role", into_.roles, "What the account may do, comma between several")
        ->default_str("viewer")
        ->delimiter(',')
        ->check(CLI::IsMember(role_names));
    add->add_flag("--no-password", into_.no_password,
                  "For who proves who he is by Kerberos or a certificate");
    auto* passwd = command(user, "passwd", "Give an account another password");
    for (auto* with_password : {add, passwd}) {
        with_password->add_flag("--generate", into_.generate,
                                "Make a password up and print it; default is --password-file, or "
                                "to ask");
    }
    auto* role = command(user, "role", "Say anew what an account may do");
    auto* certificate = command(user, "certificate", "Let somebody in by client certificates");
    for (auto* named :
         {add, passwd, role, certificate, command(user, "remove", "Let somebody in no more")}) {
        named->add_option("NAME", into_.name, "Name of the account")->required();
    }
    role->add_option("ROLE", into_.roles, "What it may do, comma between several")
        ->required()
        ->delimiter(',')
        ->check(CLI::IsMember(role_names));
    certificate->add_option("FILE", into_.file, "PEM file of a certificate that is his");
    certificate->add_option("--common-name", into_.common_name,
                            "All certificates of this name that a CA of the site signed");
    certificate->add_flag("--none", into_.none, "Take all his certificates away");
    certificate->require_option(2);
}

void Grammar::add_audit_commands() {
    auto* audit = group("audit", "The audit log of the site, read from its files");
    auto* verify = command(audit, "verify", "Check that no line was changed, left out or moved");
    verify->add_option("FILE", into_.files, "Files of one log, oldest first; default the site's");
    verify->add_option("--contains", into_.contains, "Hash of a line that must be there");
    command(audit, "show", "Print its lines")
        ->add_option("--after", into_.after, "Only those behind the line of this number");
}

void Grammar::add_vm_commands() {
    auto* vm = group("vm", "Virtual machines of the site");
    command(vm, "list", "Show the virtual machines");
    on_vms(command(vm, "start", "Start virtual machines"));
    on_vms(waiting(command(vm, "stop", "Ask virtual machines to shut down")));
    on_vms(command(vm, "kill", "Switch virtual machines off at once"));
}

void Grammar::add_shared_disk_commands() {
    auto* shared = group("shared-disk", "Disks that several virtual machines share");
    command(shared, "list", "Show the shared disks");
    auto* add = command(shared, "add", "Serve a disk to several virtual machines");
    auto* remove = command(shared, "remove", "Serve it no more; the image stays");
    auto* show = command(shared, "show", "Print the <disk> element for a virtual machine");
    for (auto* named : {add, remove, show})
        named->add_option("NAME", into_.name, "Its name")->required();
    add->add_option("--file", into_.file, "The image, a file or a block device")->required();
    add->add_option("--format", into_.format, "Of the image; default raw")
        ->check(CLI::IsMember({"raw", "qcow2"}));
    add->add_option("--create", into_.create_bytes, "Make the image, so large: 10G")
        ->transform(CLI::AsSizeValue(false));
    show->add_option("--vm", into_.vms, "Name or id of the virtual machine")
        ->required()
        ->expected(1);
    show->add_option("--target", into_.target, "As what it has the disk: vdb; default a free one");
}

void Grammar::add_collection_commands() {
    auto* collection =
        group("collection", "Groups of virtual machines that are replicated together");
    command(collection, "list", "Show the collections");
    auto* create = command(collection, "create", "Make an empty collection");
    create->add_option("NAME", into_.name, "Its name")->required();
    create->add_option("--id", into_.id, "Its id, a UUID; default a new one");
    on_vms(on_collection(command(collection, "add", "Add virtual machines")));
    on_vms(on_collection(command(collection, "rm", "Take virtual machines out")));
    auto* rename = on_collection(command(collection, "rename", "Give a collection another name"));
    rename->add_option("NAME", into_.name, "Its new name")->required();
    on_collection(command(collection, "destroy", "Remove an empty collection"));
}

void Grammar::add_relationship_commands() {
    auto* enable = waiting(on_collection(
        command("enable", "Create the replication relationship of a collection with a peer")));
    enable->add_option("--to", into_.to, "Name of the peer, see `reviver peers`")->required();
    enable->add_option("--interval", into_.interval_s, "Seconds from cycle to cycle; default 300");
    enable->add_option("--history", into_.history,
                       "Recovery points kept besides the latest; default 24");
    enable->add_option("--application-interval", into_.application_interval_h,
                       "Hours between application-consistent points; default 0, none");
    enable->add_flag("--no-compression", into_.no_compression, "Send data as it is");
    enable->add_flag("--no-auto-resync", into_.no_auto_resync,
                     "Leave it to a person to start a resynchronization");
    enable->add_option("--disks", into_.disks,
                       "Only these disks: VM/TARGET, or NAME of a shared one ...; default all");
    auto* modify = waiting(
        on_collection(command("modify", "Change the settings of a relationship, on both sites")));
    modify->add_option("--interval", into_.interval_s, "Seconds from cycle to cycle");
    modify->add_option("--history", into_.history, "Recovery points kept besides the latest");
    modify->add_option("--application-interval", into_.application_interval_h,
                       "Hours between application-consistent points; 0 for none");
    modify->add_option("--compression", into_.compression, "Whether data is compressed")
        ->check(CLI::IsMember({"on", "off"}));
    modify
        ->add_option("--auto-resync", into_.auto_resync,
                     "Whether a resynchronization that is needed starts by itself")
        ->check(CLI::IsMember({"on", "off"}));
    modify->add_option("--include", into_.include,
                       "Replicate these disks too: VM/TARGET, or NAME of a shared one ...");
    modify->add_option(
        "--exclude", into_.exclude,
        "Leave these disks out of new points: VM/TARGET, or NAME of a shared one ...");
    modify->add_flag("--all-disks", into_.all_disks, "Replicate every disk, also those to come")
        ->excludes("--include")
        ->excludes("--exclude");
    modify->add_flag("--cancel-disks", into_.cancel_disks,
                     "Give up an update of the disk set and go back to the one before");
    auto* start = waiting(on_collection(command("start", "Start the initial replication")));
    auto* resync = waiting(on_collection(
        command("resync", "Compare both sides' disks and send what differs; points stay")));
    for (auto* each : {start, resync}) {
        auto* at = each->add_option("--at", into_.at,
                                    "When: 2030-01-31T22:00:00Z, or PT2H for in two hours");
        each->add_flag("--cancel", into_.cancel, "Give it up, under way or not begun")
            ->excludes(at);
    }
    start->add_flag("--seeded", into_.seeded,
                    "The other site has an older copy of the disks: send only what differs");
    start
        ->add_option("--export", into_.directory,
                     "Write the initial copy to a directory of the site's machine, to be carried "
                     "to the other site")
        ->excludes("--seeded")
        ->excludes("--at");
    waiting(command("import", "Take in an initial copy that was exported at the other site"))
        ->add_option("DIR", into_.directory, "Where it is on the site's machine")
        ->required();
    resync->add_flag("--include-suspended", into_.include_suspended,
                     "Also when replication is suspended");
    auto* status = command("status", "Show how replication is doing");
    status->add_option("COLLECTION", into_.collection, "Name or id; default all");
    on_collection(command("points", "Show the recovery points"));
    auto* remove_point =
        on_collection(command("remove-point", "Remove a recovery point nobody needs any more"));
    remove_point->add_option("POINT", into_.point, "Its number, see `reviver points`")->required();
    auto* statistics = on_collection(command("statistics", "Show the figures of replication"));
    statistics->add_flag("--reset", into_.reset, "Start all figures anew");
    waiting(on_collection(command("suspend", "Pause replication")));
    waiting(on_collection(command("resume", "Go on with replication")));
    waiting(on_collection(command("remove", "Remove the relationship at this site; data stays")));
    waiting(on_collection(command("scrub", "Check the stored recovery points for damage")));
}

void Grammar::add_failover_commands() {
    auto* failover = waiting(
        on_collection(command("failover", "Bring the collection up here from a recovery point")));
    failover->add_option("--point", into_.point,
                         "Number of the point, see `reviver points`; or latest");
    failover->add_flag("--start", into_.start, "Start its virtual machines then");
    auto* test = waiting(on_collection(
        command("test",
                "Make a second set of its virtual machines from a recovery point, cut off "
                "from everything; replication goes on")));
    auto* test_point = test->add_option("--point", into_.point,
                                        "Number of the point, see `reviver points`; or latest");
    auto* test_start = test->add_flag("--start", into_.start, "Start them then");
    test->add_flag("--revert", into_.revert, "Remove them, and what was written in them")
        ->excludes(test_point)
        ->excludes(test_start);
    waiting(on_collection(command("revert", "Undo a failover that is not committed")));
    waiting(on_collection(command("commit", "Make a failover final")));
    waiting(on_collection(
        command("reverse", "Replicate a failed-over collection back: only what differs")));
    auto* planned = waiting(on_collection(
        command("planned-failover", "Shut the virtual machines down and send the last changes")));
    planned->add_flag("--cancel", into_.cancel, "Give the planned failover up");
    waiting(
        on_collection(command("prepare-reverse", "Make an old primary ready to be replicated to")));
}

void Grammar::add_job_commands() {
    auto* job = group("job", "Long operations");
    command(job, "list", "Show the jobs");
    for (const auto& [name, description] :
         {std::pair{"show", "Show one job"}, std::pair{"wait", "Wait for its end"},
          std::pair{"cancel", "Stop it"}}) {
        command(job, name, description)->add_option("ID", into_.id, "Its id")->required();
    }
}

void Grammar::add_peer_commands() {
    auto* pair = command("pair", "Introduce two sites to each other, or a peer to this one");
    auto* with =
        pair->add_option("--with", into_.with, "Directory of the other site: does both sides");
    auto* peer = pair->add_option("--peer", into_.peer, "HOST:PORT of the peer: does this side");
    with->excludes(peer);
    auto* name = pair->add_option("--name", into_.name, "Name of the peer, as it calls itself");
    peer->needs(name);
    name->needs(peer);
    pair->add_option("--fingerprint", into_.fingerprint, "Of the peer's certificate, if known")
        ->excludes(with);
    pair->add_flag("--yes", into_.assume_yes, "Do not ask to compare the fingerprints");
    pair->parse_complete_callback([with, peer] {
        if (!*with && !*peer) throw CLI::RequiredError("--with or --peer");
    });
    command("peers", "Show the paired sites");
    auto* unpair = command("unpair", "Forget a paired site: it is not let in any more");
    unpair->add_option("NAME", into_.name, "Its name")->required();
}

}  // namespace

Parsed parse_arguments(const std::vector<std::string>& argv) {
    Arguments arguments;
    CLI::App app("Replicates groups of virtual machines between two sites.", "reviver");
    app.fallthrough();
    app.set_version_flag("--version", REVIVER_VERSION);
    Grammar grammar(app, arguments);  // as long as the parsing: its commands call back
    grammar.add_all();
    try {
        app.parse(std::vector<std::string>(argv.rbegin(), argv.rend()));
        // Only now: a misspelt command is told as what was not expected.
        if (arguments.command.empty()) throw CLI::RequiredError("A command");
        return {arguments, exit_ok, ""};
    } catch (const CLI::ParseError& error) {
        std::ostringstream out;
        std::ostringstream err;
        bool refused = app.exit(error, out, err) != 0;
        return {std::nullopt, refused ? exit_usage : exit_ok, out.str() + err.str()};
    }
}

}  // namespace reviver::cli
