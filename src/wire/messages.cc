#include "wire/messages.h"

#include "base/bytes.h"
#include "wire.pb.h"
#include "wire/limits.h"

namespace reviver::wire {

namespace {

template <class Message>
Message parsed(ByteView bytes) {
    Message message;
    if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        fail(Code::protocol, "a message of the peer cannot be read");
    }
    return message;
}

void require(bool right, const char* what) {
    if (!right) fail(Code::protocol, "a message of the peer is wrong: {}", what);
}

std::string text_of_uuid(const Uuid& uuid) {
    return {reinterpret_cast<const char*>(uuid.bytes().data()), uuid.bytes().size()};
}

Uuid uuid_of(std::string_view bytes) {
    require(bytes.size() == 16, "an id does not have 16 bytes");
    std::array<std::uint8_t, 16> array;
    std::memcpy(array.data(), bytes.data(), array.size());
    return Uuid(array);
}

std::string checked_name(const std::string& text) {
    require(text.size() <= name_bytes_max, "a name is too long");
    return text;
}

void append_hashes(std::string& to, const std::vector<Hash>& hashes) {
    for (const Hash& hash : hashes) to += text_of(hash);
}

std::vector<Hash> hashes_of(std::string_view bytes) {
    require(bytes.size() % sizeof(Hash) == 0, "a hash does not have 32 bytes");
    std::vector<Hash> hashes(bytes.size() / sizeof(Hash));
    if (!hashes.empty()) std::memcpy(hashes.data(), bytes.data(), bytes.size());
    return hashes;
}

}  // namespace

std::string encode(const Hello& hello) {
    pb::Hello message;
    message.set_version_min(hello.version_min);
    message.set_version_max(hello.version_max);
    message.set_product(hello.site.product);
    message.set_site_name(hello.site.name);
    message.set_site_id(text_of_uuid(hello.site.id.uuid()));
    message.set_window_bytes(hello.window_bytes);
    return message.SerializeAsString();
}

Hello decode_hello(ByteView bytes) {
    const auto message = parsed<pb::Hello>(bytes);
    Hello hello;
    hello.version_min = message.version_min();
    hello.version_max = message.version_max();
    require(hello.version_min <= hello.version_max, "its oldest version is newer than its newest");
    hello.site.product = checked_name(message.product());
    hello.site.name = checked_name(message.site_name());
    hello.site.id = SiteId(uuid_of(message.site_id()));
    hello.window_bytes = message.window_bytes();
    return hello;
}

std::string encode(const Error& error) {
    pb::Failure message;
    message.set_code(static_cast<std::uint32_t>(error.code()));
    message.set_text(std::string(beginning_of(error.what(), text_bytes_max)));
    return message.SerializeAsString();
}

Error decode_failure(ByteView bytes) {
    const auto message = parsed<pb::Failure>(bytes);
    const bool known = message.code() <= static_cast<std::uint32_t>(last_code);
    Code code = known ? static_cast<Code>(message.code()) : Code::failed;
    // "Stopped" is said of oneself. That the peer shuts down means to us that it is away.
    if (code == Code::stopped) code = Code::unavailable;
    return Error(code, message.text());
}

std::string encode_call(const std::string& method) {
    pb::Call message;
    message.set_method(method);
    return message.SerializeAsString();
}

std::string decode_call(ByteView bytes) {
    return checked_name(parsed<pb::Call>(bytes).method());
}

std::string encode(const point::ReceiveHeader& header) {
    pb::Open message;
    message.set_receive_id(text_of_uuid(header.id.uuid()));
    message.set_collection_id(text_of_uuid(header.collection.uuid()));
    message.set_epoch(header.epoch.value);
    message.set_sequence(header.sequence.value);
    message.set_parent(header.parent.value);
    message.set_compressed(header.compressed);
    for (const auto& disk : header.disks) {
        message.mutable_vm_ids()->append(text_of_uuid(disk.shape.key.vm.uuid()));
        message.mutable_targets()->append(disk.shape.key.target).push_back('\0');
        message.add_sizes(disk.shape.size_bytes);
        message.add_bulks(static_cast<std::uint32_t>(disk.bulk));
        message.add_copies(disk.copy);
    }
    return message.SerializeAsString();
}

namespace {

std::vector<std::string> split_targets(std::string_view text) {
    std::vector<std::string> targets;
    while (!text.empty()) {
        const auto end = text.find('\0');
        require(end != text.npos && end > 0 && end <= name_bytes_max, "a disk's target name");
        targets.emplace_back(text.substr(0, end));
        text.remove_prefix(end + 1);
    }
    return targets;
}

std::vector<point::ReceiveHeader::Disk> disks_of(const pb::Open& message) {
    const auto targets = split_targets(message.targets());
    const std::size_t count = targets.size();
    require(count <= point::disks_max, "too many disks");
    require(message.vm_ids().size() == count * 16 && message.sizes_size() == int(count) &&
                message.bulks_size() == int(count) &&
                (message.copies_size() == 0 || message.copies_size() == int(count)),
            "the lists of disks differ in length");
    std::vector<point::ReceiveHeader::Disk> disks(count);
    for (std::size_t i = 0; i < count; ++i) {
        const int at = static_cast<int>(i);
        require(message.sizes(at) <= point::disk_size_max, "a disk is too large");
        require(message.bulks(at) <= 2, "an unknown kind of bulk");
        disks[i].shape.key.vm =
            VmId(uuid_of(std::string_view(message.vm_ids()).substr(i * 16, 16)));
        disks[i].shape.key.target = targets[i];
        disks[i].shape.size_bytes = message.sizes(at);
        disks[i].bulk = static_cast<point::Bulk>(message.bulks(at));
        if (message.copies_size() > 0) disks[i].copy = message.copies(at);
    }
    return disks;
}

}  // namespace

point::ReceiveHeader decode_open(ByteView bytes) {
    const auto message = parsed<pb::Open>(bytes);
    point::ReceiveHeader header;
    header.id = ReceiveId(uuid_of(message.receive_id()));
    header.collection = CollectionId(uuid_of(message.collection_id()));
    header.epoch = {message.epoch()};
    header.sequence = {message.sequence()};
    header.parent = {message.parent()};
    header.compressed = message.compressed();
    header.disks = disks_of(message);
    return header;
}

std::string encode(const point::ReceiveState& state) {
    pb::Opened message;
    message.set_fresh(state.fresh);
    message.set_committed(state.committed);
    for (const std::uint64_t done : state.bulk_done) message.add_bulk_done(done);
    return message.SerializeAsString();
}

point::ReceiveState decode_opened(ByteView bytes, std::size_t disks) {
    const auto message = parsed<pb::Opened>(bytes);
    point::ReceiveState state;
    state.fresh = message.fresh();
    state.committed = message.committed();
    state.bulk_done.assign(message.bulk_done().begin(), message.bulk_done().end());
    // A receive that is over has nothing to say about its disks any more.
    require(state.bulk_done.size() == disks || state.bulk_done.empty(),
            "progress of another number of disks");
    return state;
}

std::string encode(const point::Chunk& chunk, std::uint32_t data_bytes) {
    pb::Chunk message;
    message.set_disk(chunk.disk);
    message.set_data_bytes(data_bytes);
    message.mutable_gaps()->Reserve(static_cast<int>(chunk.extents.size()));
    message.mutable_lengths()->Reserve(static_cast<int>(chunk.extents.size()));
    std::uint64_t end = 0;
    for (const Extent& extent : chunk.extents) {
        message.add_gaps(extent.offset - end);
        message.add_lengths(extent.length * 2 + (extent.content == Content::zero ? 1 : 0));
        end = extent.end();
    }
    return message.SerializeAsString();
}

ChunkMessage decode_chunk(ByteView bytes) {
    const auto message = parsed<pb::Chunk>(bytes);
    require(message.gaps_size() == message.lengths_size(), "gaps and lengths differ in number");
    require(message.gaps_size() <= int(point::chunk_extents_max), "too many extents");
    require(message.data_bytes() <= point::chunk_payload_max, "a chunk is too large");
    ChunkMessage chunk;
    chunk.disk = message.disk();
    chunk.data_bytes = message.data_bytes();
    chunk.extents.reserve(message.gaps_size());
    std::uint64_t end = 0;
    for (int i = 0; i < message.gaps_size(); ++i) {
        const std::uint64_t length = message.lengths(i) / 2;
        require(message.gaps(i) <= point::disk_size_max && length <= point::disk_size_max,
                "an extent is larger than a disk");
        const auto content = message.lengths(i) % 2 == 0 ? Content::data : Content::zero;
        chunk.extents.push_back({end + message.gaps(i), length, content});
        end = chunk.extents.back().end();
    }
    return chunk;
}

namespace {

// A VM among the definitions: 16 bytes of id, then name and XML, each behind its length (4 bytes,
// little-endian).
void append_text(Bytes& to, std::string_view text) {
    std::byte length[4];
    store_le(length, static_cast<std::uint32_t>(text.size()));
    to.insert(to.end(), std::begin(length), std::end(length));
    const ByteView bytes = bytes_of(text);
    to.insert(to.end(), bytes.begin(), bytes.end());
}

Bytes encode_definitions(const std::vector<VmDefinition>& vms) {
    Bytes bytes;
    for (const VmDefinition& vm : vms) {
        const std::string id = text_of_uuid(vm.id.uuid());
        const ByteView id_bytes = bytes_of(id);
        bytes.insert(bytes.end(), id_bytes.begin(), id_bytes.end());
        append_text(bytes, vm.name);
        append_text(bytes, vm.domain_xml);
    }
    return bytes;
}

ByteView take(ByteView& from, std::size_t count) {
    require(from.size() >= count, "the VM definitions end too early");
    const ByteView taken = from.first(count);
    from = from.subspan(count);
    return taken;
}

std::string take_text(ByteView& from) {
    const auto length = load_le<std::uint32_t>(take(from, 4).data());
    return std::string(text_of(take(from, length)));
}

std::vector<VmDefinition> decode_definitions(ByteView bytes) {
    std::vector<VmDefinition> vms;
    while (!bytes.empty()) {
        require(vms.size() < vms_max, "too many VMs");
        VmDefinition vm;
        vm.id = VmId(uuid_of(text_of(take(bytes, 16))));
        vm.name = take_text(bytes);
        vm.domain_xml = take_text(bytes);
        vms.push_back(std::move(vm));
    }
    return vms;
}

}  // namespace

CutMessage encode(const point::CutHeader& cut) {
    if (cut.vms.size() > vms_max) {
        fail(Code::out_of_memory, "a collection of {} VMs is over the limit of {}", cut.vms.size(),
             vms_max);
    }
    pb::BeginCut message;
    message.set_cut_id(text_of_uuid(cut.id.uuid()));
    message.set_kind(static_cast<std::uint32_t>(cut.kind));
    message.set_consistency(static_cast<std::uint32_t>(cut.consistency));
    message.set_time_us(cut.time.time_since_epoch().count());
    return {message.SerializeAsString(), encode_definitions(cut.vms)};
}

point::CutHeader decode_cut(ByteView bytes, ByteView payload) {
    const auto message = parsed<pb::BeginCut>(bytes);
    require(message.kind() <= static_cast<std::uint32_t>(PointKind::tail),
            "an unknown kind of point");
    require(message.consistency() <= static_cast<std::uint32_t>(Consistency::group_crash),
            "an unknown consistency");
    point::CutHeader cut;
    cut.id = CutId(uuid_of(message.cut_id()));
    cut.kind = static_cast<PointKind>(message.kind());
    cut.consistency = static_cast<Consistency>(message.consistency());
    cut.time = sys::WallTime(sys::Duration(message.time_us()));
    cut.vms = decode_definitions(payload);
    return cut;
}

std::string encode_cut_begun(std::uint64_t chunks) {
    pb::CutBegun message;
    message.set_chunks(chunks);
    return message.SerializeAsString();
}

std::uint64_t decode_cut_begun(ByteView bytes) {
    return parsed<pb::CutBegun>(bytes).chunks();
}

std::string encode(const CompareQuestion& question) {
    pb::Compare message;
    message.set_disk(question.disk);
    message.set_first_group(question.first_group);
    append_hashes(*message.mutable_hashes(), question.groups);
    return message.SerializeAsString();
}

CompareQuestion decode_compare(ByteView bytes) {
    const auto message = parsed<pb::Compare>(bytes);
    CompareQuestion question;
    question.disk = message.disk();
    question.first_group = message.first_group();
    question.groups = hashes_of(message.hashes());
    require(!question.groups.empty() && question.groups.size() <= compare_groups_max,
            "the number of groups to compare");
    require(question.first_group <= point::disk_size_max / point::compare_block,
            "groups beyond the largest disk");
    return question;
}

std::string encode(const point::CompareAnswer& answer) {
    pb::Compared message;
    for (const auto& group : answer.differing) {
        message.add_groups(group.index);
        message.add_blocks(static_cast<std::uint32_t>(group.blocks.size()));
        append_hashes(*message.mutable_hashes(), group.blocks);
    }
    return message.SerializeAsString();
}

point::CompareAnswer decode_compared(ByteView bytes, std::uint64_t first_group,
                                     std::size_t groups) {
    const auto message = parsed<pb::Compared>(bytes);
    const std::vector<Hash> hashes = hashes_of(message.hashes());
    require(message.groups_size() == message.blocks_size() && message.groups_size() <= int(groups),
            "the number of groups that differ");
    point::CompareAnswer answer;
    std::size_t used = 0;
    for (int i = 0; i < message.groups_size(); ++i) {
        const std::uint64_t index = message.groups(i);
        const std::size_t blocks = message.blocks(i);
        require(index >= first_group && index - first_group < groups, "a group nobody asked about");
        require(blocks <= point::compare_group_blocks && blocks <= hashes.size() - used,
                "the number of blocks in a group");
        const auto from = hashes.begin() + static_cast<std::ptrdiff_t>(used);
        used += blocks;
        answer.differing.push_back({index, {from, from + static_cast<std::ptrdiff_t>(blocks)}});
    }
    require(used == hashes.size(), "hashes of no group");
    return answer;
}

std::string encode(const point::CutTrailer& trailer) {
    pb::Commit message;
    message.set_chunks(trailer.chunks);
    message.set_digest(trailer.digest);
    return message.SerializeAsString();
}

point::CutTrailer decode_commit(ByteView bytes) {
    const auto message = parsed<pb::Commit>(bytes);
    return {message.chunks(), message.digest()};
}

}  // namespace reviver::wire
