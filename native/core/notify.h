// Messages to the service manager over its datagram socket (sd_notify(3)), which Node cannot open.
#ifndef FOREBAY_CORE_NOTIFY_H_
#define FOREBAY_CORE_NOTIFY_H_

#include <string_view>

#include "system_error.h"

namespace forebay {

// Sends `text` as one datagram to the socket at `path`: a socket file, or an abstract socket if it
// begins with '@' (Linux). Waits at most a second while the socket's queue is full. EAFNOSUPPORT
// for any other kind of address, ENAMETOOLONG for a path that is too long for a socket.
SystemError Notify(std::string_view path, std::string_view text);

}  // namespace forebay

#endif  // FOREBAY_CORE_NOTIFY_H_
