#include "sim/simulation.h"

#include "base/error.h"
#include "sys/exclusive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>

namespace reviver::sim {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

std::string failure_of(const std::function<void()>& run) {
    try {
        run();
    } catch (const Failure& failure) {
        return failure.what();
    }
    return "no failure";
}

// Says when it is destroyed.
struct Mark {
    int& count;
    ~Mark() { ++count; }
};

TEST(Simulation, TasksTakeTurnsAndTimeGoesOn) {
    Simulation simulation(1);
    std::string order;
    simulation.run([&] {
        sys::World& world = simulation.world();
        const sys::MonoTime start = world.clock.mono();
        auto late = world.tasks.start("late", [&] {
            world.clock.sleep_until(start + 2h);
            order += "late ";
        });
        auto early = world.tasks.start("early", [&] {
            world.clock.sleep_until(start + 1h);
            order += "early ";
        });
        early->join();
        EXPECT_GE(world.clock.mono(), start + 1h);
        late->join();
        EXPECT_GE(world.clock.mono(), start + 2h);
    });
    EXPECT_EQ(order, "early late ");
}

TEST(Simulation, ASignalIsKeptUntilAWaitTakesIt) {
    Simulation simulation(1);
    simulation.run([&] {
        sys::World& world = simulation.world();
        auto signal = world.tasks.make_signal();
        signal->raise();
        EXPECT_TRUE(signal->wait_until(sys::never));
        EXPECT_FALSE(signal->wait_until(world.clock.after(1s)));
        auto task = world.tasks.start("raises", [&] {
            world.clock.sleep_until(world.clock.after(1min));
            signal->raise();
        });
        EXPECT_TRUE(signal->wait_until(sys::never));
    });
}

// An operation that interrupts a cycle and waits for its turn once found the next cycle before it.
TEST(Simulation, TurnsAreTakenInTheOrderOfAsking) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Simulation simulation(seed);
        std::string order;
        simulation.run([&] {
            sys::World& world = simulation.world();
            sys::Exclusive exclusive(world);
            const auto ask_after = [&](sys::Duration time, char name) {
                return world.tasks.start("task", [&world, &exclusive, &order, time, name] {
                    world.clock.sleep_until(world.clock.after(time));
                    const auto turn = exclusive.take();
                    order += name;
                });
            };
            auto turn = std::make_unique<sys::Exclusive::Turn>(exclusive.take());
            const auto first = ask_after(1s, 'a');
            const auto second = ask_after(2s, 'b');
            world.clock.sleep_until(world.clock.after(3s));
            turn.reset();
            const auto again = exclusive.take();
            order += 'c';
            first->join();
            second->join();
        });
        EXPECT_EQ(order, "abc");
    }
}

// Several tasks, randomness, files and death: a run with a bit of everything.
std::uint64_t hash_of_a_run(std::uint64_t seed) {
    Simulation simulation(seed);
    Site& east = simulation.add_site("east");
    const auto program = [](sys::World& world) {
        world.files.make_directories("/data");
        auto work = [&world] {
            for (int i = 0; i < 20; ++i) {
                auto file = world.files.open("/data/" + std::to_string(world.random.below(5)),
                                             sys::OpenMode::create);
                file->write_at(world.random.below(1000), bytes_of("text"));
                world.clock.sleep_until(world.clock.after(sys::Duration(world.random.below(90))));
            }
        };
        auto a = world.tasks.start("a", work);
        auto b = world.tasks.start("b", work);
    };
    simulation.run([&] {
        east.arm_at_step(simulation.prng().below(100), Death::power);
        for (int i = 0; i < 3; ++i) {
            east.boot(program);
            simulation.until_down(east);
        }
    });
    return simulation.trace_hash();
}

TEST(Simulation, TheSameSeedIsTheSameRun) {
    for (std::uint64_t seed = 1; seed < 20; ++seed) {
        EXPECT_EQ(hash_of_a_run(seed), hash_of_a_run(seed));
        EXPECT_NE(hash_of_a_run(seed), hash_of_a_run(seed + 1));
    }
}

TEST(Simulation, ADeadlockIsAFailureThatNamesWhoWaits) {
    Simulation simulation(7);
    const std::string text = failure_of([&] {
        simulation.run([&] {
            auto signal = simulation.world().tasks.make_signal();
            signal->wait_until(sys::never);
        });
    });
    EXPECT_THAT(text, HasSubstr("seed 7: deadlock"));
    EXPECT_THAT(text, HasSubstr("driver/main waits for a signal"));
}

TEST(Simulation, ARunWithoutEndIsAFailure) {
    Trace trace;
    Scheduler scheduler(Prng(1), trace);
    bool stop = false;
    scheduler.start("spins", 0, [&] {
        while (!stop) scheduler.pass();
    });
    EXPECT_THAT(failure_of([&] { scheduler.run_until([] { return false; }, 100); }),
                HasSubstr("does not come to an end"));
    stop = true;
    scheduler.run_until([&] { return !scheduler.any_of(0); }, 100);
}

TEST(Simulation, AnExceptionThatNobodyCatchesIsAFailureWithTheSeed) {
    Simulation simulation(5);
    const std::string text = failure_of(
        [&] { simulation.run([&] { throw std::logic_error("an invariant is broken"); }); });
    EXPECT_THAT(text, HasSubstr("seed 5: "));
    EXPECT_THAT(text, HasSubstr("an invariant is broken"));
}

TEST(Simulation, AMutexHeldAcrossACallIsAFailure) {
    Simulation simulation(1);
    const std::string text = failure_of([&] {
        simulation.run([&] {
            std::mutex mutex;
            std::lock_guard lock(mutex);
            simulation.sleep(1ms);
        });
    });
    EXPECT_THAT(text, HasSubstr("with a mutex held"));
}

TEST(Simulation, ExceptionsOfSeveralFibersDoNotMix) {
    Simulation simulation(3);
    simulation.run([&] {
        sys::World& world = simulation.world();
        auto work = [&](const std::string& name) {
            for (int i = 0; i < 50; ++i) {
                try {
                    fail(Code::failed, "{}", name);
                } catch (const Error& e) {
                    // Others throw and catch meanwhile.
                    world.clock.sleep_until(world.clock.after(1us));
                    EXPECT_EQ(e.what(), name);
                    EXPECT_EQ(std::uncaught_exceptions(), 0);
                }
            }
        };
        auto a = world.tasks.start("a", [&] { work("a"); });
        auto b = world.tasks.start("b", [&] { work("b"); });
    });
}

// A program that passes through each kind of call, in nested tasks with something to destroy in
// each.
void busy_program(sys::World& world, int& alive, int& destroyed) {
    const Mark in_main{destroyed};
    ++alive;
    auto signal = world.tasks.make_signal();
    auto listener = world.network.listen({"east", 7});
    auto server = world.tasks.start("server", [&] {
        const Mark mark{destroyed};
        ++alive;
        auto stream = listener->accept();
        Bytes buffer(10);
        while (stream->read_some(buffer) > 0) {
        }
        signal->raise();
    });
    auto client = world.tasks.start("client", [&] {
        const Mark mark{destroyed};
        ++alive;
        auto stream = world.network.connect({"east", 7}, world.clock.after(1s));
        stream->write_all(bytes_of("hello, this is written"));
        world.files.make_directories("/d");
        sys::replace_file(world.files, "/d/file", bytes_of("content"));
        sys::read_file(world.files, "/d/file", 100);
    });
    signal->wait_until(sys::never);
}

TEST(Site, AKillAtAnyStepUnwindsAllTasks) {
    for (const Death death : {Death::process, Death::power}) {
        bool died = true;
        std::uint64_t step = 0;
        for (; died; ++step) {
            Simulation simulation(step);
            Site& east = simulation.add_site("east");
            int alive = 0;
            int destroyed = 0;
            simulation.run([&] {
                east.arm_at_step(step, death);
                east.boot([&](sys::World& world) { busy_program(world, alive, destroyed); });
                simulation.until_down(east);
                died = east.died();
            });
            EXPECT_EQ(alive, destroyed);
            EXPECT_GT(alive, 0);
        }
        EXPECT_GT(step, 20u);
    }
}

TEST(Site, CallsOfAKilledSiteHaveNoEffect) {
    struct WritesWhenDestroyed {
        sys::World& world;
        ~WritesWhenDestroyed() {
            world.files.open("/too-late", sys::OpenMode::create)->write_at(0, bytes_of("x"));
            world.tasks.start("too late", [] { ADD_FAILURE(); });
        }
    };
    Simulation simulation(1);
    Site& east = simulation.add_site("east");
    simulation.run([&] {
        east.boot([&](sys::World& world) {
            const WritesWhenDestroyed writes{world};
            world.clock.sleep_until(sys::never);
        });
        simulation.sleep(1s);
        east.kill(Death::process);
        simulation.until_down(east);
        EXPECT_FALSE(east.disk().exists("/too-late"));
    });
}

TEST(Site, ClocksDifferAndAreRight) {
    Simulation simulation(9);
    Site& east = simulation.add_site("east");
    simulation.run([&] {
        sys::Clock& here = simulation.world().clock;
        east.boot([&](sys::World& world) {
            const sys::MonoTime there = world.clock.mono();
            const sys::MonoTime before = here.mono();
            EXPECT_NE(there, before);
            EXPECT_NE(world.clock.wall(), here.wall());
            world.clock.sleep_until(there + 1min);
            EXPECT_GE(here.mono(), before + 1min);
            EXPECT_LT(here.mono(), before + 1min + 1s);
        });
        simulation.until_down(east);
    });
}

}  // namespace
}  // namespace reviver::sim
