// zstd for the payload of chunks. What gains nothing (data that is compressed or encrypted already)
// is found out cheaply and goes as it is. One object serves one task.
#pragma once

#include "base/bytes.h"

#include <memory>

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace reviver::wire {

class Compressor {
  public:
    explicit Compressor(int level);  // 1 to 3
    ~Compressor();
    // One zstd frame, valid until the next call; empty when sending `bytes` itself is as good.
    ByteView compress(ByteView bytes);

  private:
    bool worth_trying(ByteView bytes);

    struct Free {
        void operator()(ZSTD_CCtx_s* context) const;
    };
    std::unique_ptr<ZSTD_CCtx_s, Free> context_;
    int level_;
    Bytes out_;
};

class Decompressor {
  public:
    Decompressor();
    ~Decompressor();
    // Valid until the next call. Error corrupt unless `bytes` is one zstd frame of exactly `size`
    // bytes of content. The caller has checked `size` against its limit: that much is allocated.
    ByteView decompress(ByteView bytes, std::size_t size);

  private:
    struct Free {
        void operator()(ZSTD_DCtx_s* context) const;
    };
    std::unique_ptr<ZSTD_DCtx_s, Free> context_;
    Bytes out_;
};

}  // namespace reviver::wire
