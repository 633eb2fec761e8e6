#include "state/repository.h"

#include "base/error.h"
#include "sys/world.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace reviver::state {
namespace {

class RepositoryTest : public ::testing::Test {
  protected:
    RepositoryTest() {
        char name[] = "/tmp/repository_test.XXXXXX";
        directory_ = mkdtemp(name);
    }
    ~RepositoryTest() override { std::filesystem::remove_all(directory_); }

    std::unique_ptr<Repository> open() {
        return open_sqlite(sys::linux_world(), directory_ / "state.db");
    }

    std::filesystem::path directory_;
};

TEST_F(RepositoryTest, RemembersAcrossReopening) {
    open()->put("peer", "b", "{\"port\":1}");
    EXPECT_EQ(open()->get("peer", "b"), "{\"port\":1}");
    EXPECT_EQ(open()->get("peer", "c"), std::nullopt);
}

TEST_F(RepositoryTest, ChangesBecomeTrueTogether) {
    auto repository = open();
    repository->put("job", "1", "old");
    const std::vector<Change> changes{{"job", "1", std::nullopt}, {"job", "2", "new"}};
    repository->commit(changes);
    const auto jobs = repository->list("job");
    ASSERT_EQ(jobs.size(), 1u);
    EXPECT_EQ(jobs[0], std::make_pair(std::string("2"), std::string("new")));
}

TEST_F(RepositoryTest, RefusesAFileThatIsNoDatabase) {
    std::ofstream(directory_ / "state.db") << std::string(4096, 'x');
    try {
        open();
        FAIL() << "opened garbage";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::corrupt);
    }
}

}  // namespace
}  // namespace reviver::state
