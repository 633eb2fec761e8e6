// Who gave wrong passwords lately, by address and name, and until when he is turned away whatever
// he gives. Any thread may call.
//
// What is kept is bounded, and must not be pushed out by somebody who fails under many names: an
// address has failing_names_max of them, beyond which its other names are turned away too, and when
// the table is full whoever failed least often is forgotten first.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace reviver::server {

class LoginFailures {
  public:
    using Clock = std::chrono::steady_clock;

    bool turned_away(const std::string& address, std::string_view name, Clock::time_point now);
    void failed(const std::string& address, std::string_view name, Clock::time_point now);
    void succeeded(const std::string& address, std::string_view name);

  private:
    struct Entry {
        std::size_t count = 0;
        Clock::time_point until;
        Clock::time_point forget;
    };
    using Client = std::pair<std::string, std::string>;  // address, name

    static Client client(const std::string& address, std::string_view name);
    static std::chrono::seconds wait_after(std::size_t count);
    std::size_t names_of(const std::string& address) const;
    void make_room(Clock::time_point now);

    std::mutex mutex_;
    std::map<Client, Entry> clients_;
};

}  // namespace reviver::server
