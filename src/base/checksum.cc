#include "base/checksum.h"

#include "base/check.h"

#include <openssl/evp.h>
#include <xxhash.h>

namespace reviver {

std::uint64_t xxh3(ByteView bytes) {
    return XXH3_64bits(bytes.data(), bytes.size());
}

struct Xxh3::State {
    XXH3_state_t* xxh = XXH3_createState();
    State() { REVIVER_CHECK(xxh != nullptr && XXH3_64bits_reset(xxh) == XXH_OK); }
    ~State() { XXH3_freeState(xxh); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
};

Xxh3::Xxh3() : state_(std::make_unique<State>()) {}
Xxh3::~Xxh3() = default;
Xxh3::Xxh3(Xxh3&&) noexcept = default;
Xxh3& Xxh3::operator=(Xxh3&&) noexcept = default;

void Xxh3::add(ByteView bytes) {
    REVIVER_CHECK(XXH3_64bits_update(state_->xxh, bytes.data(), bytes.size()) == XXH_OK);
}

std::uint64_t Xxh3::value() const {
    return XXH3_64bits_digest(state_->xxh);
}

Hash sha256(ByteView bytes) {
    Hash hash;
    unsigned length = 0;
    const int done =
        EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(hash.data()),
                   &length, EVP_sha256(), nullptr);
    REVIVER_CHECK(done == 1 && length == hash.size());
    return hash;
}

}  // namespace reviver
