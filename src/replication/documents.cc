#include "replication/documents.h"

#include "replication/json_text.h"

namespace reviver::replication {

namespace {

std::int64_t micros(sys::WallTime time) {
    return time.time_since_epoch().count();
}

json::object report_json(const ReverseReport& report) {
    return {{"bitmap_disks", report.bitmap_disks},
            {"compared_disks", report.compared_disks},
            {"differing_bytes", report.differing_bytes},
            {"sent_bytes", report.sent_bytes}};
}

json::object agenda_json(const Agenda& agenda) {
    return {{"initial_asked", agenda.initial_asked},
            {"initial_at", micros(agenda.initial_at)},
            {"initial_type", static_cast<int>(agenda.initial_type)},
            {"resync_asked", agenda.resync_asked},
            {"resync_at", micros(agenda.resync_at)},
            {"resync_cancelled", agenda.resync_cancelled},
            {"compare_all", agenda.compare_all}};
}

Agenda agenda_of(const Reader& in) {
    Agenda agenda;
    agenda.initial_asked = in.flag("initial_asked");
    agenda.initial_at = in.time("initial_at");
    if (in.has("initial_type"))
        agenda.initial_type = in.enumeration("initial_type", InitialReplication::seeded);
    agenda.resync_asked = in.flag("resync_asked");
    agenda.resync_at = in.time("resync_at");
    agenda.resync_cancelled = in.flag("resync_cancelled");
    agenda.compare_all = in.number("compare_all");
    return agenda;
}

// Documents of version 1.0 have none of it.
void read_quiescing(const Reader& in, Collection& c) {
    if (!in.has("last_application")) return;
    c.last_application = in.time("last_application");
    c.quiesce_trouble = in.text("quiesce_trouble");
    c.to_run = in.texts("to_run");
    c.last_apply_consistency = in.enumeration("last_apply_consistency", Consistency::group_crash);
}

json::object export_json(const Export& e) {
    return {{"directory", e.directory},
            {"complete", e.complete},
            {"sequence", e.sequence.value},
            {"cut", e.cut.text()},
            {"written", micros(e.written)}};
}

Export export_of(const Reader& in) {
    return {in.text("directory"),
            in.flag("complete"),
            {in.number("sequence")},
            in.id<CutId>("cut"),
            in.time("written")};
}

ReverseReport report_of(const Reader& in) {
    return {in.number("bitmap_disks"), in.number("compared_disks"), in.number("differing_bytes"),
            in.number("sent_bytes")};
}

json::object update_json(const DiskUpdate& update) {
    return {{"before", texts_json(update.before)},
            {"coming", keys_json(update.coming)},
            {"copied", update.copied},
            {"bytes_done", update.bytes_done},
            {"bytes_due", update.bytes_due},
            {"trouble", update.trouble},
            {"job", update.job.text()}};
}

DiskUpdate update_of(const Reader& in) {
    DiskUpdate update;
    update.before = in.texts("before");
    update.coming = keys_of(in, "coming");
    update.copied = in.flag("copied");
    update.bytes_done = in.number("bytes_done");
    update.bytes_due = in.number("bytes_due");
    update.trouble = in.text("trouble");
    update.job = in.id<JobId>("job");
    return update;
}

// Documents of earlier versions have none of it.
void read_disk_set(const Reader& in, Collection& c) {
    if (!in.has("leaving")) return;
    c.offered.value = in.number("offered");
    c.offered_shapes = shapes_of(in, "offered_shapes");
    c.leaving = keys_of(in, "leaving");
    c.peer_fingerprint = in.text("peer_fingerprint");
    c.updated_by = in.id<JobId>("updated_by");
    if (in.has("disk_update")) c.disk_update = update_of(in.inner("disk_update"));
}

json::object trial_json(const Trial& t) {
    std::vector<std::string> vms;
    for (const VmId vm : t.vms) vms.push_back(vm.text());
    return {{"collection", t.collection.text()},
            {"point", t.point.value},
            {"vms", texts_json(vms)},
            {"before", static_cast<int>(t.before)}};
}

Trial trial_of(const Reader& in) {
    Trial trial{in.id<CollectionId>("collection"),
                {in.number("point")},
                {},
                in.enumeration("before", State::partially_recovered)};
    for (const std::string& text : in.texts("vms")) {
        const auto vm = VmId::parse(text);
        if (!vm) fail(Code::corrupt, "'{}' is no id of a VM", text);
        trial.vms.push_back(*vm);
    }
    return trial;
}

}  // namespace

State state_of_replication(const Collection& c) {
    const bool testing = c.place.state == State::test_failover_initiated && c.trial;
    return testing ? c.trial->before : c.place.state;
}

std::string to_text(const Collection& c) {
    json::object object{{"id", c.id.text()},
                        {"name", c.name},
                        {"of_collections", c.of_collections},
                        {"members", texts_json(c.members)},
                        {"role", static_cast<int>(c.place.role)},
                        {"state", static_cast<int>(c.place.state)},
                        {"epoch", c.epoch.value},
                        {"peer", c.peer},
                        {"peer_fingerprint", c.peer_fingerprint},
                        {"settings", settings_json(c.settings)},
                        {"failover_type", static_cast<int>(c.failover_type)},
                        {"initial_complete", c.initial_complete},
                        {"last_sequence", c.last_sequence.value},
                        {"shapes", shapes_json(c.shapes)},
                        {"offered", c.offered.value},
                        {"offered_shapes", shapes_json(c.offered_shapes)},
                        {"updated_by", c.updated_by.text()},
                        {"leaving", keys_json(c.leaving)},
                        {"trouble", c.trouble},
                        {"last_application", micros(c.last_application)},
                        {"quiesce_trouble", c.quiesce_trouble},
                        {"to_run", texts_json(c.to_run)},
                        {"fenced", c.fenced},
                        {"agenda", agenda_json(c.agenda)},
                        {"export", export_json(c.exported)},
                        {"made_by", c.made_by},
                        {"made_in_group", c.made_in_group},
                        {"failover_point", c.failover_point.value},
                        {"failover_epoch", c.failover_epoch.value},
                        {"flattened", c.flattened},
                        {"last_apply_time", micros(c.last_apply_time)},
                        {"last_apply_consistency", static_cast<int>(c.last_apply_consistency)},
                        {"reverse_pending", c.reverse_pending},
                        {"shared_point", c.shared_point.value},
                        {"changes", changes_json(c.changes)},
                        {"reverse_report", report_json(c.reverse_report)}};
    if (c.disk_update) object["disk_update"] = update_json(*c.disk_update);
    if (c.trial) object["trial"] = trial_json(*c.trial);
    return json::serialize(object);
}

Collection collection_from_text(std::string_view text) {
    const json::value value = parse_document(text);
    const Reader in(value.get_object());
    Collection c;
    c.id = in.id<CollectionId>("id");
    c.name = in.text("name");
    c.of_collections = in.flag("of_collections");
    c.members = in.texts("members");
    c.place.role = in.enumeration("role", Role::test_replica);
    c.place.state = in.enumeration("state", State::partially_recovered);
    c.epoch.value = in.number("epoch");
    c.peer = in.text("peer");
    c.settings = settings_of(in.inner("settings"));
    c.failover_type = in.enumeration("failover_type", FailoverType::planned);
    c.initial_complete = in.flag("initial_complete");
    c.last_sequence.value = in.number("last_sequence");
    c.shapes = shapes_of(in, "shapes");
    read_disk_set(in, c);
    c.trouble = in.text("trouble");
    c.fenced = in.flag("fenced");
    read_quiescing(in, c);
    c.agenda = agenda_of(in.inner("agenda"));
    if (in.has("export")) c.exported = export_of(in.inner("export"));
    if (in.has("made_by")) c.made_by = in.text("made_by");
    if (in.has("made_in_group")) c.made_in_group = in.text("made_in_group");
    c.failover_point.value = in.number("failover_point");
    c.failover_epoch.value = in.number("failover_epoch");
    c.flattened = in.flag("flattened");
    c.last_apply_time = in.time("last_apply_time");
    c.reverse_pending = in.flag("reverse_pending");
    c.shared_point.value = in.number("shared_point");
    c.changes = changes_of(in);
    c.reverse_report = report_of(in.inner("reverse_report"));
    if (in.has("trial")) c.trial = trial_of(in.inner("trial"));
    return c;
}

std::string to_text(const Job& j) {
    json::array member_errors;
    for (const MemberError& error : j.member_errors) {
        member_errors.push_back(json::object{
            {"vm", error.vm.text()}, {"code", static_cast<int>(error.code)}, {"text", error.text}});
    }
    return json::serialize(json::object{{"id", j.id.text()},
                                        {"type", static_cast<int>(j.type)},
                                        {"collection", j.collection.text()},
                                        {"name", j.name},
                                        {"owner", j.owner},
                                        {"method", j.method},
                                        {"argument", j.argument},
                                        {"result", j.result.text()},
                                        {"state", static_cast<int>(j.state)},
                                        {"percent", j.percent},
                                        {"status", j.status},
                                        {"cancellable", j.cancellable},
                                        {"started", micros(j.started)},
                                        {"ended", micros(j.ended)},
                                        {"code", static_cast<int>(j.code)},
                                        {"error", j.error},
                                        {"member_errors", std::move(member_errors)},
                                        {"report", j.report}});
}

Job job_from_text(std::string_view text) {
    const json::value value = parse_document(text);
    const Reader in(value.get_object());
    Job j;
    j.id = in.id<JobId>("id");
    j.type = static_cast<JobType>(in.number<std::uint16_t>("type"));
    j.collection = in.id<CollectionId>("collection");
    j.name = in.text("name");
    j.owner = in.text("owner");
    j.method = in.text("method");
    j.argument = in.text("argument");
    if (in.has("result")) j.result = in.id<CollectionId>("result");
    j.state = static_cast<JobState>(in.number<std::uint16_t>("state"));
    j.percent = in.number<std::uint16_t>("percent");
    j.status = in.text("status");
    j.cancellable = in.flag("cancellable");
    j.started = in.time("started");
    j.ended = in.time("ended");
    j.code = in.enumeration("code", last_code);
    j.error = in.text("error");
    if (in.has("member_errors")) {
        in.each("member_errors", [&](const Reader& each) {
            j.member_errors.push_back(
                {each.id<VmId>("vm"), each.enumeration("code", last_code), each.text("text")});
        });
    }
    j.report = in.text("report");
    return j;
}

std::string to_text(const Peer& p) {
    json::object object{{"name", p.name},
                        {"site_id", p.site_id},
                        {"fingerprint", p.fingerprint},
                        {"host", p.endpoint.host},
                        {"port", p.endpoint.port},
                        {"authorized", p.authorization.has_value()}};
    if (p.authorization) object["trust_group"] = p.authorization->trust_group;
    return json::serialize(object);
}

Peer peer_from_text(std::string_view text) {
    const json::value value = parse_document(text);
    const Reader in(value.get_object());
    Peer peer{in.text("name"),
              in.text("site_id"),
              in.text("fingerprint"),
              {in.text("host"), in.number<std::uint16_t>("port")}};
    if (in.has("authorized") && !in.flag("authorized")) peer.authorization.reset();
    if (peer.authorization && in.has("trust_group")) {
        peer.authorization->trust_group = in.text("trust_group");
    }
    return peer;
}

std::string to_text(const Statistics& s) {
    json::array holds;
    for (const std::uint32_t hold : s.hold_us) holds.emplace_back(hold);
    return json::serialize(json::object{{"start", micros(s.start)},
                                        {"success_count", s.success_count},
                                        {"miss_count", s.miss_count},
                                        {"across_count", s.across_count},
                                        {"size_bytes", s.size_bytes},
                                        {"size_bytes_max", s.size_bytes_max},
                                        {"pending_bytes", s.pending_bytes},
                                        {"latency_ms_max", s.latency_ms_max},
                                        {"latency_ms_total", s.latency_ms_total},
                                        {"network_failures", s.network_failures},
                                        {"replication_failures", s.replication_failures},
                                        {"application_failures", s.application_failures},
                                        {"failures_in_a_row", s.failures_in_a_row},
                                        {"last_success", micros(s.last_success)},
                                        {"last_test_failover", micros(s.last_test_failover)},
                                        {"hold_us", std::move(holds)}});
}

Statistics statistics_from_text(std::string_view text) {
    const json::value value = parse_document(text);
    const Reader in(value.get_object());
    Statistics s;
    s.start = in.time("start");
    s.success_count = in.number("success_count");
    s.miss_count = in.number("miss_count");
    s.across_count = in.has("across_count") ? in.number("across_count") : s.success_count;
    s.size_bytes = in.number("size_bytes");
    s.size_bytes_max = in.number("size_bytes_max");
    s.pending_bytes = in.number("pending_bytes");
    s.latency_ms_max = in.number("latency_ms_max");
    s.latency_ms_total = in.number("latency_ms_total");
    s.network_failures = in.number<std::uint32_t>("network_failures");
    s.replication_failures = in.number<std::uint32_t>("replication_failures");
    s.application_failures = in.number<std::uint32_t>("application_failures");
    s.failures_in_a_row = in.number<std::uint32_t>("failures_in_a_row");
    s.last_success = in.time("last_success");
    s.last_test_failover = in.time("last_test_failover");
    for (const json::value& hold : in.list("hold_us")) {
        boost::system::error_code error;
        s.hold_us.push_back(hold.to_number<std::uint32_t>(error));
        if (error) fail(Code::corrupt, "a hold time is no number");
    }
    return s;
}

}  // namespace reviver::replication
