#include "wire/compress.h"

#include "base/check.h"
#include "base/error.h"

#include <zstd.h>

#include <algorithm>
#include <array>

namespace reviver::wire {

namespace {

constexpr std::size_t too_small_bytes = 512;
constexpr std::size_t sample_bytes = 4 << 10;
constexpr std::size_t sampled_from_bytes = 64 << 10;  // less is tried as a whole

// Less is not worth the receiver's time.
bool gains(std::size_t compressed, std::size_t original) {
    return compressed < original - original / 16;
}

}  // namespace

void Compressor::Free::operator()(ZSTD_CCtx_s* context) const {
    ZSTD_freeCCtx(context);
}
void Decompressor::Free::operator()(ZSTD_DCtx_s* context) const {
    ZSTD_freeDCtx(context);
}

Compressor::Compressor(int level) : context_(ZSTD_createCCtx()), level_(level) {
    REVIVER_CHECK(context_ != nullptr && level >= 1 && level <= 3);
}
Compressor::~Compressor() = default;

// Three samples: an image of a disk is rarely compressible in one place only.
bool Compressor::worth_trying(ByteView bytes) {
    if (bytes.size() < sampled_from_bytes) return true;
    std::array<std::byte, sample_bytes> out;
    const std::size_t last = bytes.size() - sample_bytes;
    return std::ranges::any_of(std::array{std::size_t{0}, last / 2, last}, [&](std::size_t at) {
        const std::size_t size = ZSTD_compressCCtx(context_.get(), out.data(), out.size(),
                                                   &bytes[at], sample_bytes, level_);
        return ZSTD_isError(size) == 0 && gains(size, sample_bytes);
    });
}

ByteView Compressor::compress(ByteView bytes) {
    if (bytes.size() < too_small_bytes || !worth_trying(bytes)) return {};
    // Room for a gain only: zstd stops as soon as the result would be larger.
    const std::size_t room = bytes.size() - bytes.size() / 16;
    if (out_.size() < room) out_.resize(room);
    const std::size_t size =
        ZSTD_compressCCtx(context_.get(), out_.data(), room, bytes.data(), bytes.size(), level_);
    if (ZSTD_isError(size) != 0 || !gains(size, bytes.size())) return {};
    return ByteView(out_).first(size);
}

Decompressor::Decompressor() : context_(ZSTD_createDCtx()) {
    REVIVER_CHECK(context_ != nullptr);
}
Decompressor::~Decompressor() = default;

ByteView Decompressor::decompress(ByteView bytes, std::size_t size) {
    if (out_.size() < size) out_.resize(size);
    const std::size_t got =
        ZSTD_decompressDCtx(context_.get(), out_.data(), size, bytes.data(), bytes.size());
    if (ZSTD_isError(got) != 0 || got != size) {
        fail(Code::corrupt, "a compressed chunk does not decompress to its {} bytes", size);
    }
    return ByteView(out_).first(size);
}

}  // namespace reviver::wire
