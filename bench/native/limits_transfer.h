// How fast bytes pass between two processes over loopback when nothing else is done: no HTTP, one
// sender and one receiver for each connection.
#pragma once

#include <cstdint>

namespace bench {

enum class Source {
  kSendfile,  // sendfile from the page cache
  kSend,      // send from a buffer of the process
};

struct Transfer {
  double gigabytes_per_second;
  // Of the senders alone.
  double cpu_seconds_per_gigabyte;
};

// Each connection carries `bytes` from `file`, which is as long and in the page cache. The
// receivers drop them in the kernel.
Transfer MeasureTransfer(Source source, int file, uint64_t bytes, unsigned connections);

}  // namespace bench
