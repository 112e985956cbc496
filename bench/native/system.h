// What every bench program needs of the system: checked calls, owned descriptors, clocks.
#pragma once

#include <cstdint>
#include <utility>

namespace bench {

// Ends the program with a message on standard error; `errno` is added when it is set.
[[noreturn]] void Die(const char* what);

// Returns `result`, or ends the program when it is negative.
int Check(int result, const char* what);

// CLOCK_MONOTONIC.
uint64_t NowNs();

// User and system time of this process, in seconds.
double CpuSeconds();

// A connected, non-blocking TCP socket to 127.0.0.1, or -1. `receive_buffer` of 0 keeps the
// default.
int ConnectLoopback(uint16_t port, int receive_buffer);

// A TCP socket that listens on 127.0.0.1; port 0 lets the system choose, and `port` says which.
int ListenLoopback(uint16_t* port);

void SetNonBlocking(int fd, bool non_blocking);

// As many descriptors as the hard limit allows.
void RaiseDescriptorLimit();

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    Reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~UniqueFd() { Reset(-1); }

  int get() const { return fd_; }
  void Reset(int fd);

 private:
  int fd_ = -1;
};

}  // namespace bench
