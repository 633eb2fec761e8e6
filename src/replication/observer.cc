#include "replication/observer.h"

namespace reviver::replication {

Observer& nobody() {
    static Observer observer;
    return observer;
}

}  // namespace reviver::replication
