// Connections that do not leave the machine: a client beside Forebay, or a proxy before it.
#ifndef FOREBAY_CORE_LOCAL_CONNECTION_H_
#define FOREBAY_CORE_LOCAL_CONNECTION_H_

namespace forebay {

// Takes a TCP connection of which both ends have the same address from BBR to Reno. BBR spaces
// segments by timers to find a bottleneck; here there is none, and a timer for each 64 KiB costs
// more than the sending does (docs/PERFORMANCE.md). Any other connection, and any other congestion
// control, stays as it is. Best effort.
void StopPacingLocally(int socket);

}  // namespace forebay

#endif  // FOREBAY_CORE_LOCAL_CONNECTION_H_
