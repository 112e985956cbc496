// Connections within the machine: to a client beside Forebay, or a proxy in front of it.
#ifndef FOREBAY_CORE_LOCAL_CONNECTION_H_
#define FOREBAY_CORE_LOCAL_CONNECTION_H_

namespace forebay {

// Switches a TCP connection whose ends have the same address from BBR to Reno. BBR spaces segments
// by timers to find a bottleneck. Within the machine there is none, and a timer for each 64 KiB
// costs more than the sending (docs/PERFORMANCE.md). Leaves other connections and other congestion
// controls unchanged. Ignores failures.
void StopPacingLocally(int socket);

}  // namespace forebay

#endif  // FOREBAY_CORE_LOCAL_CONNECTION_H_
