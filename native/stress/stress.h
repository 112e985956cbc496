// What the stress programs share: checks, files with a known pattern, and connections. They drive
// native/core from several threads for ThreadSanitizer to watch (scripts/sanitize.mjs).
#ifndef FOREBAY_STRESS_STRESS_H_
#define FOREBAY_STRESS_STRESS_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "../core/descriptor.h"

// Ends the process with a message if `condition` is false.
#define CHECK(condition)                                                           \
  do {                                                                             \
    if (!(condition)) {                                                            \
      std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                \
    }                                                                              \
  } while (false)

namespace forebay::stress {

// The byte at `offset` of every file and body.
inline uint8_t PatternAt(uint64_t offset) {
  return static_cast<uint8_t>(offset * 131 + (offset >> 8));
}

// An unlinked temporary file; `bytes` of the pattern are written to it.
Descriptor PatternFile(uint64_t bytes);

// Writes the pattern of [`offset`, `offset` + `count`) to a file.
void WritePattern(int fd, uint64_t offset, uint64_t count);

// Both ends of a TCP connection on the loopback interface. `server` does not block.
struct Connection {
  Descriptor client;
  Descriptor server;
};
Connection Connect();

// Reads from `socket` until it ends or `most` bytes have come, and returns how many came. Checks
// that they are the pattern from `offset` on.
uint64_t ReadPattern(int socket, uint64_t offset, uint64_t most);

// Waits until a descriptor is readable, for a second at most.
void AwaitReadable(int fd);

// The programs. Each returns when all its work is done and checked.
void StressPump();
void StressHitServer();

}  // namespace forebay::stress

#endif  // FOREBAY_STRESS_STRESS_H_
