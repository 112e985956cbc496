// Messages to the service manager over its datagram socket (sd_notify(3)), which Node cannot open.
#ifndef FOREBAY_CORE_NOTIFY_H_
#define FOREBAY_CORE_NOTIFY_H_

#include <string_view>

#include "system_error.h"

namespace forebay {

// Sends `text` as one datagram to the socket at `path`: a file's, or an abstract one where it
// begins with '@' (Linux). Waits at most a second for a full queue. EAFNOSUPPORT for any other kind
// of address, ENAMETOOLONG for a path that no socket can have.
SystemError Notify(std::string_view path, std::string_view text);

}  // namespace forebay

#endif  // FOREBAY_CORE_NOTIFY_H_
