#include "sim/network.h"

#include "base/error.h"
#include "sim/simulation.h"

#include <gtest/gtest.h>

#include <set>

namespace reviver::sim {
namespace {

using namespace std::chrono_literals;

template <class Work>
Code code_of(Work work) {
    try {
        work();
    } catch (const Error& e) {
        return e.code();
    }
    ADD_FAILURE() << "no Error came";
    return Code::failed;
}

std::string read_all(sys::Stream& stream) {
    std::string text;
    Bytes buffer(100);
    while (const std::size_t got = stream.read_some(buffer)) {
        text += text_of(ByteView(buffer).first(got));
    }
    return text;
}

std::string pattern(std::size_t length) {
    std::string text(length, ' ');
    for (std::size_t i = 0; i < length; ++i) text[i] = static_cast<char>('a' + i % 23);
    return text;
}

class SimNetworkTest : public ::testing::Test {
  protected:
    // Runs `server` with an accepted stream on "west" and `client` with its other end on "east".
    void run(std::uint64_t seed, const std::function<void(sys::World&, sys::Stream&)>& client,
             const std::function<void(sys::World&, sys::Stream&)>& server,
             const std::function<void(Simulation&, Site&)>& meanwhile = {}) {
        Simulation simulation(seed);
        Site& east = simulation.add_site("east");
        Site& west = simulation.add_site("west");
        simulation.network().set_faults(faults_);
        simulation.run([&] {
            bool listening = false;
            west.boot([&](sys::World& world) {
                auto listener = world.network.listen({"", 5});
                listening = true;
                auto stream = listener->accept();
                server(world, *stream);
            });
            simulation.until([&] { return listening; }, 1s, "the listener");
            east.boot([&](sys::World& world) {
                auto stream = world.network.connect({"west", 5}, world.clock.after(10s));
                client(world, *stream);
            });
            if (meanwhile) meanwhile(simulation, west);
            simulation.until_down(east);
            west.kill(Death::process);
            simulation.until_down(west);
        });
    }

    NetworkFaults faults_;
};

TEST_F(SimNetworkTest, BytesArriveInOrderThenTheEnd) {
    const std::string text = pattern(100'000);
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        std::string got;
        run(
            seed,
            [&](sys::World&, sys::Stream& stream) {
                stream.write_all(bytes_of("hello"));
                EXPECT_EQ(read_all(stream), text);
            },
            [&](sys::World&, sys::Stream& stream) {
                Bytes hello(5);
                std::size_t done = 0;
                while (done < 5) done += stream.read_some(ByteSpan(hello).subspan(done));
                got = text_of(hello);
                stream.write_all(bytes_of(text));
            });
        EXPECT_EQ(got, "hello");
    }
}

TEST_F(SimNetworkTest, ACutDeliversABeginningAndThenFailsBothEnds) {
    faults_.cut_one_in = 1;
    faults_.cut_after_bytes_max = 40'000;
    const std::string text = pattern(50'000);
    std::set<std::size_t> lengths;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        std::string got;
        Code reader{};
        Code writer{};
        run(
            seed,
            [&](sys::World&, sys::Stream& stream) {
                writer = code_of([&] {
                    for (;;) stream.write_all(bytes_of(text));
                });
            },
            [&](sys::World&, sys::Stream& stream) {
                Bytes buffer(1000);
                reader = code_of([&] {
                    for (;;) {
                        const std::size_t part = stream.read_some(buffer);
                        got += text_of(ByteView(buffer).first(part));
                    }
                });
            });
        EXPECT_EQ(writer, Code::unavailable);
        EXPECT_EQ(got, text.substr(0, got.size()));
        EXPECT_EQ(reader, Code::unavailable);
        lengths.insert(got.size());
    }
    EXPECT_GT(lengths.size(), 10u);
}

TEST_F(SimNetworkTest, DeadlinesPassForAReaderAndForAWriterWithoutRoom) {
    run(
        1,
        [&](sys::World& world, sys::Stream& stream) {
            Bytes buffer(10);
            stream.set_deadline(world.clock.after(1s));
            EXPECT_EQ(code_of([&] { stream.read_some(buffer); }), Code::timeout);
            stream.set_deadline(world.clock.after(1s));
            EXPECT_EQ(code_of([&] { stream.write_all(Bytes(2 << 20)); }), Code::timeout);
        },
        [&](sys::World& world, sys::Stream&) { world.clock.sleep_until(world.clock.after(1h)); });
}

TEST_F(SimNetworkTest, CloseWakesABlockedReader) {
    run(
        1,
        [&](sys::World& world, sys::Stream& stream) {
            Code code{};
            auto reader = world.tasks.start("reader", [&] {
                Bytes buffer(10);
                code = code_of([&] { stream.read_some(buffer); });
            });
            world.clock.sleep_until(world.clock.after(1s));
            stream.close();
            reader->join();
            EXPECT_EQ(code, Code::stopped);
        },
        [&](sys::World&, sys::Stream& stream) { EXPECT_EQ(read_all(stream), ""); });
}

TEST_F(SimNetworkTest, APartitionHoldsEverythingUpUntilItHeals) {
    run(
        1,
        [&](sys::World& world, sys::Stream& stream) {
            world.clock.sleep_until(world.clock.after(1s));
            const sys::MonoTime start = world.clock.mono();
            stream.write_all(bytes_of("x"));
            EXPECT_EQ(read_all(stream), "answer");
            EXPECT_GE(world.clock.mono() - start, 30s);
        },
        [&](sys::World&, sys::Stream& stream) {
            Bytes buffer(1);
            stream.read_some(buffer);
            stream.write_all(bytes_of("answer"));
        },
        [](Simulation& simulation, Site&) {
            simulation.sleep(500ms);
            simulation.network().partition("east", "west");
            simulation.sleep(1min);
            simulation.network().heal();
        });
}

TEST_F(SimNetworkTest, AKilledProcessClosesAndAPowerCutIsSilent) {
    const auto sleep = [](sys::World& world, sys::Stream&) { world.clock.sleep_until(sys::never); };
    const auto kill = [](Death death) {
        return [death](Simulation& simulation, Site& west) {
            simulation.sleep(1s);
            west.kill(death);
        };
    };
    const auto client = [](sys::World& world, sys::Stream& stream) {
        stream.set_deadline(world.clock.after(1min));
        read_all(stream);
    };
    run(1, client, sleep, kill(Death::process));
    run(
        1,
        [&](sys::World& world, sys::Stream& stream) {
            EXPECT_EQ(code_of([&] { client(world, stream); }), Code::timeout);
        },
        sleep, kill(Death::power));
}

TEST_F(SimNetworkTest, AMachineThatIsBackResetsConnectionsOfItsEarlierLife) {
    run(
        1,
        [&](sys::World& world, sys::Stream& stream) {
            world.clock.sleep_until(world.clock.after(10s));
            EXPECT_EQ(code_of([&] {
                          for (;;) {
                              stream.write_all(bytes_of("x"));
                              world.clock.sleep_until(world.clock.after(1s));
                          }
                      }),
                      Code::unavailable);
        },
        [](sys::World& world, sys::Stream&) { world.clock.sleep_until(sys::never); },
        [](Simulation& simulation, Site& west) {
            simulation.sleep(1s);
            west.kill(Death::power);
            simulation.until_down(west);
            west.boot([](sys::World& world) { world.clock.sleep_until(sys::never); });
        });
}

TEST(SimNetwork, NobodyThereIsRefusedAndNoPowerIsSilence) {
    Simulation simulation(1);
    Site& east = simulation.add_site("east");
    simulation.run([&] {
        sys::World& world = simulation.world();
        const auto connect = [&] {
            return world.network.connect({"east", 5}, world.clock.after(10s));
        };
        east.boot([](sys::World& there) {
            auto listener = there.network.listen({"", 6});
            EXPECT_EQ(code_of([&] { there.network.listen({"", 6}); }), Code::in_use);
            there.clock.sleep_until(sys::never);
        });
        EXPECT_EQ(code_of(connect), Code::unavailable);
        EXPECT_EQ(code_of([&] {
                      world.network.connect({"nobody", 5}, sys::never);
                  }),
                  Code::unavailable);
        east.kill(Death::power);
        EXPECT_EQ(code_of(connect), Code::timeout);
        simulation.until_down(east);
    });
}

}  // namespace
}  // namespace reviver::sim
