// Programs that link this get these definitions in place of the C library's, which are found behind
// them and called.
#include "sim/held_mutexes.h"

#include <dlfcn.h>
#include <pthread.h>

namespace {

thread_local int held = 0;

using Operation = int (*)(pthread_mutex_t*);

Operation next_definition(const char* name) {
    return reinterpret_cast<Operation>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
    static const Operation lock = next_definition("pthread_mutex_lock");
    const int result = lock(mutex);
    if (result == 0) ++held;
    return result;
}

int pthread_mutex_trylock(pthread_mutex_t* mutex) noexcept {
    static const Operation trylock = next_definition("pthread_mutex_trylock");
    const int result = trylock(mutex);
    if (result == 0) ++held;
    return result;
}

int pthread_mutex_unlock(pthread_mutex_t* mutex) noexcept {
    static const Operation unlock = next_definition("pthread_mutex_unlock");
    const int result = unlock(mutex);
    if (result == 0) --held;
    return result;
}
}

namespace reviver::sim {

int held_mutexes() {
    return held;
}

}  // namespace reviver::sim
