#include "sim/fiber.h"

#include "base/check.h"
#include "base/error.h"
#include "sim/limits.h"

#include <cxxabi.h>
#include <sys/mman.h>

#include <cerrno>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace reviver::sim {

namespace {

#if defined(__SANITIZE_ADDRESS__)
void leave_stack(void** fake, const void* next, std::size_t next_bytes) {
    __sanitizer_start_switch_fiber(fake, next, next_bytes);
}
void arrive_on_stack(void* fake, const void** last, std::size_t* last_bytes) {
    __sanitizer_finish_switch_fiber(fake, last, last_bytes);
}
void forget_stack(const void* stack, std::size_t bytes) {
    __asan_unpoison_memory_region(stack, bytes);
}
#else
void leave_stack(void**, const void*, std::size_t) {}
void arrive_on_stack(void*, const void**, std::size_t*) {}
void forget_stack(const void*, std::size_t) {}
#endif

constexpr std::size_t guard_bytes = 64 << 10;

// Stacks are used again: mapping one costs more than a short fiber's whole life.
std::vector<std::byte*>& free_stacks() {
    static std::vector<std::byte*> stacks;
    return stacks;
}

std::byte* take_stack() {
    if (!free_stacks().empty()) {
        std::byte* stack = free_stacks().back();
        free_stacks().pop_back();
        return stack;
    }
    void* mapped = ::mmap(nullptr, guard_bytes + stack_bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (mapped == MAP_FAILED) fail_errno(errno, "cannot map a stack");
    if (::mprotect(mapped, guard_bytes, PROT_NONE) != 0) fail_errno(errno, "cannot guard a stack");
    return static_cast<std::byte*>(mapped) + guard_bytes;
}

// makecontext() passes ints only, so the fiber that starts is named here.
Fiber* starting = nullptr;

}  // namespace

struct Fiber::Stack {
    Stack() : bytes(take_stack()) {}
    ~Stack() {
        forget_stack(bytes, stack_bytes);
        free_stacks().push_back(bytes);
    }
    std::byte* bytes;
};

Fiber::Fiber(std::function<void()> work)
    : work_(std::move(work)), stack_(std::make_unique<Stack>()) {
    ::getcontext(&context_);
    context_.uc_stack.ss_sp = stack_->bytes;
    context_.uc_stack.ss_size = stack_bytes;
    ::makecontext(&context_, &Fiber::enter, 0);
}

Fiber::~Fiber() {
    REVIVER_CHECK(!started_ || ended_);
}

void Fiber::resume() {
    REVIVER_CHECK(!ended_);
    if (!started_) starting = this;
    started_ = true;
    swap_exceptions(resumer_exceptions_, exceptions_);
    void* fake = nullptr;
    leave_stack(&fake, stack_->bytes, stack_bytes);
    ::swapcontext(&resumer_, &context_);
    arrive_on_stack(fake, nullptr, nullptr);
    swap_exceptions(exceptions_, resumer_exceptions_);
}

void Fiber::suspend() {
    leave_stack(&fake_stack_, resumer_stack_, resumer_stack_bytes_);
    ::swapcontext(&context_, &resumer_);
    arrive_on_stack(fake_stack_, &resumer_stack_, &resumer_stack_bytes_);
}

void Fiber::enter() {
    Fiber& self = *starting;
    arrive_on_stack(nullptr, &self.resumer_stack_, &self.resumer_stack_bytes_);
    self.work_();
    self.work_ = nullptr;
    self.ended_ = true;
    leave_stack(nullptr, self.resumer_stack_, self.resumer_stack_bytes_);
    ::setcontext(&self.resumer_);
}

void Fiber::swap_exceptions(Exceptions& save, const Exceptions& load) {
    auto* globals = reinterpret_cast<Exceptions*>(abi::__cxa_get_globals());
    save = *globals;
    *globals = load;
}

}  // namespace reviver::sim
