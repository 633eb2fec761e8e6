// Every bound of the peer protocol in one place. A frame is measured against these before anything
// is allocated for it.
//
// What one connection may hold on the serving side: the window (frames read ahead of the handler),
// control_bytes_max of requests that are not chunks, the frame that is being read, one decompressed
// chunk, and TLS and zstd working space. Their sum stays under session_memory_max. The asking side
// keeps no more than one frame in each direction.
#pragma once

#include "point/point.h"
#include "sys/clock.h"

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace reviver::wire {

constexpr std::uint32_t protocol_min = 1;  // oldest protocol this build speaks
constexpr std::uint32_t protocol_max = 1;  // newest

// Frames. A message is the small protobuf part, a payload the raw part behind it.
constexpr std::size_t hello_bytes_max = 4 << 10;
constexpr std::size_t text_bytes_max = 4
                                       << 10;  // of an error on its way to the peer; cut off behind
constexpr std::size_t chunk_message_max = 32 << 10;  // chunk_extents_max pairs of varints
constexpr std::size_t open_bytes_max = 256 << 10;    // disks_max disks
constexpr std::size_t compare_bytes_max = 4 << 10;
constexpr std::size_t compare_groups_max = 64;  // groups in one question: 1 GiB of disk
constexpr std::size_t compared_bytes_max = 1 << 20;
constexpr std::size_t body_bytes_max = 1 << 20;         // of a call and of its answer
constexpr std::size_t definitions_bytes_max = 4 << 20;  // VM definitions that travel with one cut
constexpr std::size_t vms_max = 1024;                   // in one cut
constexpr std::size_t name_bytes_max = 255;             // site names, methods, disk targets

// One connection.
constexpr std::size_t window_bytes_default = 8 << 20;  // chunks sent and not yet acknowledged
constexpr std::size_t window_bytes_min = 4 << 20;      // holds several of the largest chunk
constexpr std::size_t frame_cost = 512;                // what a frame counts for beside its bytes
constexpr std::size_t calls_max = 4;                   // waiting for an answer at one time
constexpr std::size_t control_bytes_max = 9 << 20;  // calls_max bodies and one cut header, queued
constexpr std::size_t session_memory_max = 28 << 20;

// One listener.
constexpr std::size_t connections_max = 32;
constexpr std::size_t connections_per_peer_max = 16;
constexpr std::size_t greeting_max = 16;  // connections that have not yet proved who they are

constexpr std::uint64_t bandwidth_min =
    16 << 10;  // bytes a second, the smallest limit that can be set
constexpr std::uint64_t frame_rate_min = 1 << 10;  // bytes a second, slower is taken for stalling
constexpr std::uint64_t key_bytes_max =
    64ull << 30;  // sent under one TLS key; RFC 8446 5.5 allows some 380 GB

// How long one end waits for the other.
struct Patience {
    sys::Duration handshake_max =
        std::chrono::seconds(10);  // from connection to the end of the greeting
    sys::Duration silence_max = std::chrono::seconds(30);  // without a byte: the peer is gone
    sys::Duration alive_interval =
        std::chrono::seconds(8);                         // with nothing else to send, say "alive"
    sys::Duration linger_max = std::chrono::seconds(2);  // for a refusal to reach its reader
};

static_assert(compare_groups_max * point::compare_group_blocks * sizeof(Hash) + (64 << 10) <=
              compared_bytes_max);
static_assert(compare_groups_max * sizeof(Hash) + 64 <= compare_bytes_max);
static_assert(point::chunk_extents_max * 20 + 64 <= chunk_message_max);
static_assert(window_bytes_min >= 4 * point::chunk_payload_max);
static_assert(calls_max * (body_bytes_max + 2 * frame_cost) + definitions_bytes_max <=
              control_bytes_max);
// Queue, frame being read, decompressed chunk, and what TLS, zstd and protobuf work in.
static_assert(window_bytes_default + control_bytes_max + definitions_bytes_max +
                  2 * point::chunk_payload_max + (4 << 20) <=
              session_memory_max);

}  // namespace reviver::wire
