#include "cli/job_wait.h"

#include "cli/progress.h"
#include "cli/words.h"

#include <algorithm>
#include <thread>

namespace reviver::cli {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds first_pause{20};
constexpr milliseconds longest_pause{500};
constexpr std::chrono::seconds unanswered_max{60};  // as long as a restart may take

// Asks for the job; nothing while the door does not answer, up to a limit.
class Poll {
  public:
    Poll(RemoteSite& site, const cim::ObjectPath& job) : site_(site), job_(job) {}

    std::optional<Job> ask() {
        try {
            Job job = site_.job(job_);
            last_answer_ = Clock::now();
            return job;
        } catch (const Error& error) {
            bool gone = error.code() == Code::unavailable || error.code() == Code::timeout;
            if (!gone || Clock::now() - last_answer_ > unanswered_max) throw;
            return std::nullopt;
        }
    }

  private:
    RemoteSite& site_;
    const cim::ObjectPath& job_;
    Clock::time_point last_answer_ = Clock::now();
};

Job ended(Job job) {
    if (job.succeeded()) return job;
    std::string why = job.error.empty() ? "the site gives no reason" : job.error;
    fail(Code::failed, "job {} {}: {}", job.id, job_state_words(job.state), why);
}

}  // namespace

Job wait_for_job(RemoteSite& site, const cim::ObjectPath& path, const std::string& title,
                 std::optional<std::chrono::seconds> patience, const Console& console) {
    ProgressBar bar(console, title);
    Poll poll(site, path);
    auto begin = Clock::now();
    for (milliseconds pause = first_pause;; pause = std::min(pause * 5 / 4, longest_pause)) {
        std::optional<Job> job = poll.ask();
        if (job && job->has_ended()) return ended(*job);
        auto elapsed = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begin);
        if (job) bar.show(static_cast<unsigned>(job->percent), elapsed, job->status);
        if (patience && Clock::now() - begin >= *patience) {
            fail(Code::timeout, "the job is not done after {} s and goes on; `reviver job wait {}`",
                 patience->count(), path.key_text("InstanceID"));
        }
        std::this_thread::sleep_for(pause);
    }
}

}  // namespace reviver::cli
