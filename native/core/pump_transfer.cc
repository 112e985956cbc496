#include "pump_transfer.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>

namespace forebay {

namespace {

bool SetCork(int socket, int on) {
  return setsockopt(socket, IPPROTO_TCP, TCP_CORK, &on, sizeof on) == 0;
}

}  // namespace

PumpEnd EndOf(PieceStep step) {
  switch (step) {
    case PieceStep::kShortFile:
      return PumpEnd::kShortFile;
    case PieceStep::kReadFailed:
      return PumpEnd::kReadFailed;
    case PieceStep::kWatermarkFailed:
      return PumpEnd::kWatermarkFailed;
    default:
      return PumpEnd::kClientClosed;
  }
}

void Transfer::Cork() { corked = SetCork(socket.get(), 1); }

void Transfer::Uncork() {
  if (!corked) return;
  corked = false;
  (void)SetCork(socket.get(), 0);
}

uint64_t Transfer::TakenBytes() const {
  int queued = 0;
  if (ioctl(socket.get(), SIOCOUTQ, &queued) < 0 || queued < 0) return bytes_sent;
  // The socket's queue may also contain a head or an earlier response, hence the minimum.
  return bytes_sent - std::min(bytes_sent, static_cast<uint64_t>(queued));
}

}  // namespace forebay
