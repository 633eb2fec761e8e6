#include "site/create.h"

#include "base/error.h"
#include "server/accounts.h"
#include "site/certificate.h"
#include "site/config.h"
#include "site/config_template.h"
#include "site/endpoint.h"
#include "sys/descriptor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace reviver::site {
namespace {

namespace fs = std::filesystem;

constexpr mode_t secret = 0600;
constexpr mode_t readable = 0644;

std::string host_name() {
    std::array<char, 256> name{};
    if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
    return name.data();
}

bool is_ip_address(const std::string& host) {
    std::array<unsigned char, sizeof(in6_addr)> address{};
    return inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
           inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

void write_new_file(const fs::path& path, const std::string& content, mode_t mode) {
    sys::Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!file) fail_errno(errno, "cannot make " + path.string());
    std::size_t done = 0;
    while (done < content.size()) {
        ssize_t n = ::write(file.get(), content.data() + done, content.size() - done);
        if (n < 0) fail_errno(errno, "cannot write " + path.string());
        done += static_cast<std::size_t>(n);
    }
    if (::fsync(file.get()) != 0) fail_errno(errno, "cannot write " + path.string());
}

void make_directory(const fs::path& path) {
    if (::mkdir(path.c_str(), 0700) != 0) fail_errno(errno, "cannot make " + path.string());
}

void sync_directory(const fs::path& path) {
    sys::Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || ::fsync(directory.get()) != 0) {
        fail_errno(errno, "cannot write " + path.string());
    }
}

// A directory beside the wanted one that goes away again unless it was renamed.
class Scaffold {
  public:
    explicit Scaffold(const fs::path& wanted) : path_(wanted) {
        path_ += ".new-" + std::to_string(::getpid());
        make_directory(path_);
    }
    ~Scaffold() {
        std::error_code ignored;
        if (!path_.empty()) fs::remove_all(path_, ignored);
    }
    Scaffold(const Scaffold&) = delete;
    Scaffold& operator=(const Scaffold&) = delete;

    const fs::path& path() const { return path_; }
    void become(const fs::path& wanted) {
        // rename(2) replaces an empty directory and refuses any other.
        if (::rename(path_.c_str(), wanted.c_str()) != 0) {
            fail_errno(errno, "cannot make " + wanted.string());
        }
        path_.clear();
        sync_directory(wanted.parent_path());
    }

  private:
    fs::path path_;
};

void refuse_to_overwrite(const fs::path& directory) {
    std::error_code error;
    if (!fs::exists(directory, error)) return;
    if (fs::is_directory(directory, error) && fs::is_empty(directory, error)) return;
    if (fs::exists(Layout{directory}.config(), error)) {
        fail(Code::exists,
             "{} is a site already; nothing was changed. Run it with: reviverd --config {}",
             directory.string(), Layout{directory}.config().string());
    }
    fail(Code::exists, "{} is not empty; nothing was changed. Name a new directory",
         directory.string());
}

void add_name(CertificateSubject& subject, const std::string& host) {
    auto& names = is_ip_address(host) ? subject.ip_addresses : subject.dns_names;
    if (std::find(names.begin(), names.end(), host) == names.end()) names.push_back(host);
}

KeyAndCertificate management_certificate(const NewSite& wanted) {
    CertificateSubject subject;
    subject.common_name = "Reviver management of " + wanted.name;
    for (const std::string& host :
         {host_name(), std::string("localhost"), std::string("127.0.0.1"), std::string("::1")}) {
        add_name(subject, host);
    }
    if (!is_wildcard(wanted.management_listen)) add_name(subject, wanted.management_listen.host);
    return make_self_signed(subject);
}

KeyAndCertificate peer_certificate(const NewSite& wanted) {
    return make_self_signed({"Reviver site " + wanted.name, {}, {}});
}

void write_pair(const KeyAndCertificate& pair, const fs::path& key, const fs::path& certificate) {
    write_new_file(key, pair.key_pem, secret);
    write_new_file(certificate, pair.certificate_pem, readable);
}

void write_administrator(const Layout& layout) {
    std::string password = server::random_password();
    server::Account account{
        first_administrator, server::PasswordHash::of(password), {cim::Role::administrator}};
    server::write_accounts(layout.accounts(), {account});
    write_new_file(layout.admin_password(), password + "\n", secret);
}

sys::Endpoint advertised(const NewSite& wanted) {
    if (!is_wildcard(wanted.peer_listen)) return wanted.peer_listen;
    return {host_name(), wanted.peer_listen.port};
}

std::string text_of_config(const NewSite& wanted) {
    return config_text({wanted.name, wanted.peer_listen, advertised(wanted),
                        wanted.management_listen, wanted.libvirt_uri});
}

void write_site(const Layout& layout, const NewSite& wanted) {
    for (const auto& directory : {layout.keys(), layout.data(), layout.libvirt()}) {
        make_directory(directory);
    }
    write_pair(peer_certificate(wanted), layout.peer_key(), layout.peer_certificate());
    write_pair(management_certificate(wanted), layout.management_key(),
               layout.management_certificate());
    write_administrator(layout);
    write_new_file(layout.config(), text_of_config(wanted), readable);
    for (const auto& directory : {layout.keys(), layout.directory}) sync_directory(directory);
}

}  // namespace

std::string default_site_name() {
    std::string name = host_name();
    return name.substr(0, name.find('.'));
}

CreatedSite create_site(const NewSite& wanted) {
    check_site_name(wanted.name);
    fs::path directory = fs::absolute(wanted.directory).lexically_normal();
    if (directory.filename().empty()) directory = directory.parent_path();
    refuse_to_overwrite(directory);
    // Nothing is made that a daemon would refuse to run.
    parse_config(text_of_config(wanted), Layout{directory}.config());
    fs::create_directories(directory.parent_path());
    Scaffold scaffold(directory);
    write_site(Layout{scaffold.path()}, wanted);
    scaffold.become(directory);
    Layout layout{directory};
    return {layout, fingerprint_of_certificate(layout.peer_certificate()), advertised(wanted)};
}

}  // namespace reviver::site
