#include "medium/running_sha256.h"

#include "base/check.h"

#include <openssl/evp.h>

namespace reviver::medium {

struct RunningSha256::State {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    State() {
        REVIVER_CHECK(context != nullptr && EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1);
    }
    ~State() { EVP_MD_CTX_free(context); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
};

RunningSha256::RunningSha256() : state_(std::make_unique<State>()) {}
RunningSha256::~RunningSha256() = default;

void RunningSha256::add(ByteView bytes) {
    REVIVER_CHECK(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

Hash RunningSha256::take() {
    Hash hash;
    unsigned length = 0;
    REVIVER_CHECK(EVP_DigestFinal_ex(state_->context, reinterpret_cast<unsigned char*>(hash.data()),
                                     &length) == 1);
    REVIVER_CHECK(length == hash.size());
    return hash;
}

}  // namespace reviver::medium
