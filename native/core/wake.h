// Wakes an event loop by a descriptor that every thread of the process may write to.
#ifndef FOREBAY_CORE_WAKE_H_
#define FOREBAY_CORE_WAKE_H_

#include "descriptor.h"
#include "system_error.h"

namespace forebay {

// Opens a close-on-exec, non-blocking descriptor, which the caller closes: an eventfd on Linux;
// elsewhere a loopback datagram socket connected to itself, which Wake and DrainWakes treat alike.
SystemError OpenWake(int* fd);

// The same, with an owner.
SystemError OpenWake(Descriptor* descriptor);

// Makes `fd` readable. Many wakes before a drain are one. Never blocks.
SystemError Wake(int fd);

// Takes every pending wake off `fd`.
SystemError DrainWakes(int fd);

}  // namespace forebay

#endif  // FOREBAY_CORE_WAKE_H_
