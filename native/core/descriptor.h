// A file descriptor with one owner, whose destructor closes it.
#ifndef FOREBAY_CORE_DESCRIPTOR_H_
#define FOREBAY_CORE_DESCRIPTOR_H_

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "system_error.h"

namespace forebay {

class Descriptor {
 public:
  Descriptor() = default;
  // Takes over `fd`; -1 is none.
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      Close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Descriptor() { Close(); }

  int get() const { return fd_; }

  void Close() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }

  // Creates a close-on-exec duplicate of `fd`, which the caller may close afterwards.
  static SystemError Duplicate(int fd, Descriptor* duplicate) {
    const int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own < 0) return LastError("fcntl");
    *duplicate = Descriptor(own);
    return {};
  }

 private:
  int fd_ = -1;
};

}  // namespace forebay

#endif  // FOREBAY_CORE_DESCRIPTOR_H_
