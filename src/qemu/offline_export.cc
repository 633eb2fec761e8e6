#include "qemu/offline_export.h"

#include "base/error.h"
#include "qemu/nbd_image.h"
#include "qemu/qmp_json.h"

#include <boost/json/serialize.hpp>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace reviver::qemu {

namespace json = boost::json;

namespace {

constexpr int backlog = 16;

// Listening before qemu-nbd runs, so that a connection made at once waits in the backlog instead of
// failing.
class ListeningSocket {
  public:
    explicit ListeningSocket(const std::string& path) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (path.size() >= sizeof(address.sun_path)) {
            fail(Code::invalid_parameter, "{} is too long for a socket's path", path);
        }
        std::memcpy(address.sun_path, path.data(), path.size());
        fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd_ < 0) fail_errno(errno, "making a socket");
        if (bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
            listen(fd_, backlog) != 0) {
            const int error = errno;
            close(fd_);
            fail_errno(error, "listening on " + path);
        }
    }
    ~ListeningSocket() { close(fd_); }
    ListeningSocket(const ListeningSocket&) = delete;
    ListeningSocket& operator=(const ListeningSocket&) = delete;
    int fd() const { return fd_; }

  private:
    int fd_ = -1;
};

// As JSON, because in the key=value form a comma in the path would end it.
std::string node_of(const OfflineImage& image) {
    const std::string path = std::filesystem::absolute(image.path);
    const bool device = std::filesystem::is_block_file(image.path);
    return "json:" + json::serialize(json::object{
                         {"driver", image.format},
                         {"force-share", true},
                         {"read-only", true},
                         {"file", json::object{{"driver", device ? "host_device" : "file"},
                                               {"filename", path}}}});
}

Command command_for(const OfflineImage& image) {
    Command command{"qemu-nbd", "--read-only", "--shared=0"};
    if (!image.bitmap.empty()) command.push_back("--bitmap=" + image.bitmap);
    command.push_back(node_of(image));
    return command;
}

}  // namespace

OfflineExport::OfflineExport(const OfflineImage& image) {
    std::error_code error;
    if (!std::filesystem::exists(image.path, error)) {
        fail(Code::not_found, "there is no image {}", image.path.string());
    }
    {
        // Ours is closed once qemu-nbd has its own: if it ends, connections must break instead of
        // waiting.
        const ListeningSocket socket(address().socket);
        process_ = std::make_unique<Process>(command_for(image), socket.fd());
    }
    try {
        wait_until_serving();
    } catch (Error& e) {
        e.add_context("exporting " + image.path.string());
        throw;
    }
}

NbdAddress OfflineExport::address() const {
    return {directory_.path() / "nbd", ""};
}

void OfflineExport::wait_until_serving() {
    try {
        keeper_ = std::make_unique<NbdReader>(address(), std::vector<std::string>{});
    } catch (const Error& e) {
        const std::string said = process_->errors();
        if (said.empty()) throw;
        fail(Code::failed, "{}", said);
    }
}

namespace {

// Keeps the exporting process for as long as its image is read.
class OfflineNbdImage : public point::Image {
  public:
    OfflineNbdImage(const sys::Path& path, const std::string& format)
        : export_({path, format, ""}), image_(export_.address()) {}
    std::uint64_t size_bytes() const override { return image_.size_bytes(); }
    void read(std::uint64_t offset, ByteSpan to) override { image_.read(offset, to); }
    std::vector<Extent> extents(Range range) override { return image_.extents(range); }

  private:
    OfflineExport export_;
    NbdImage image_;
};

}  // namespace

std::unique_ptr<point::Image> OfflineImageOpener::open(const sys::Path& path,
                                                       const std::string& format) {
    return std::make_unique<OfflineNbdImage>(path, format);
}

}  // namespace reviver::qemu
