// Connections that do not leave the machine: a client beside Forebay, or a proxy before it.
#ifndef FOREBAY_CORE_LOCAL_CONNECTION_H_
#define FOREBAY_CORE_LOCAL_CONNECTION_H_

namespace forebay {

// Switches a TCP connection between two sockets of one address from BBR to Reno. BBR paces segments
// by timers to find a bottleneck; here there is none, and a timer for each 64 KiB costs more than
// the sending (docs/PERFORMANCE.md). Other connections and other congestion controls are left
// alone. Best effort.
void StopPacingLocally(int socket);

}  // namespace forebay

#endif  // FOREBAY_CORE_LOCAL_CONNECTION_H_
