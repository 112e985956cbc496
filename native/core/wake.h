// Wake descriptors, by which every thread of the process can wake an event loop.
#ifndef FOREBAY_CORE_WAKE_H_
#define FOREBAY_CORE_WAKE_H_

#include "descriptor.h"
#include "system_error.h"

namespace forebay {

// Opens a close-on-exec, non-blocking descriptor, which the caller closes: an eventfd on Linux,
// elsewhere a loopback datagram socket connected to itself. Wake and DrainWakes work with both.
SystemError OpenWake(int* fd);

// Opens a wake descriptor that `descriptor` owns.
SystemError OpenWake(Descriptor* descriptor);

// Makes `fd` readable. Several wakes before a drain count as one. Never blocks.
SystemError Wake(int fd);

// Removes every pending wake from `fd`.
SystemError DrainWakes(int fd);

}  // namespace forebay

#endif  // FOREBAY_CORE_WAKE_H_
