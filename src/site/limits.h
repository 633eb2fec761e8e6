// Limits on what a configuration may say. Each is reached in a test.
#pragma once

#include <cstddef>
#include <cstdint>

namespace reviver::site::limits {

constexpr std::size_t config_bytes_max = 1u << 20;
constexpr std::size_t site_name_chars_max = 64;
constexpr std::int64_t store_reserve_percent_max = 90;
constexpr std::int64_t upkeep_mib_per_s_max = 1'048'576;         // 1 TiB/s: more is a typing error
constexpr std::int64_t bandwidth_kib_per_s_max = 1'073'741'824;  // 1 TiB/s: more is a typing error
constexpr std::int64_t bandwidth_kib_per_s_min =
    16;  // a slower link never finishes an initial copy

constexpr std::size_t calendar_entries_max = 64;       // of the site, and of each collection
constexpr std::size_t limited_collections_max = 1024;  // with a bandwidth of their own
constexpr std::int64_t retention_all_minutes_max = 1440;
constexpr std::int64_t retention_daily_max = 60;
constexpr std::int64_t retention_weekly_max = 60;

// Bytes of a path below which UNIX sockets are made, whose own paths may have 107: captures put
// "/capture/COLLECTION/VM.nbd" behind the data directory, the embedded libvirt
// "/lib/qemu/qmp-XXXXXX/qmp.monitor" behind its root.
constexpr std::size_t data_directory_bytes_max = 49;
constexpr std::size_t libvirt_root_bytes_max = 74;

}  // namespace reviver::site::limits
