#include "inline_send.h"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "files.h"

namespace forebay {

namespace {

// Up to this length a copy costs less than sendfile(2)'s page references and the check that the
// pages are cached, which the copying read does itself.
constexpr size_t kCopyBytes = size_t{8} << 10;

// cachestat(2), since Linux 6.5; headers of older systems lack it.
constexpr long kCachestat = 451;

struct CacheRange {
  uint64_t offset;
  uint64_t length;
};

struct CacheStat {
  uint64_t cached;
  uint64_t dirty;
  uint64_t writeback;
  uint64_t evicted;
  uint64_t recently_evicted;
};

// A cached page may still be being read from the disk, together with its neighbours. So one byte in
// each stretch of this length is tried.
constexpr uint64_t kProbeBytes = uint64_t{64} << 10;

bool IsReadable(int fd, uint64_t offset) {
  uint8_t byte;
  ssize_t taken = 0;
  return !ReadCached(fd, &byte, 1, offset, &taken) && taken == 1;
}

// True when every page of the part is in the page cache, and none of the tried ones is still being
// read. False also when the kernel cannot tell.
bool IsCached(const FilePart& part) {
  static const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  const CacheRange range{part.offset, part.length};
  CacheStat stat{};
  if (syscall(kCachestat, part.fd, &range, &stat, 0) != 0) return false;
  const uint64_t first = part.offset / page;
  const uint64_t end = part.offset + part.length;
  if (stat.cached < (end + page - 1) / page - first) return false;
  for (uint64_t at = part.offset; at < end; at += kProbeBytes) {
    if (!IsReadable(part.fd, at)) return false;
  }
  return IsReadable(part.fd, end - 1);
}

// Returns the bytes sent; 0 also for any failure.
uint64_t SendVector(int socket, iovec* pieces, size_t count, int more) {
  msghdr message{};
  message.msg_iov = pieces;
  message.msg_iovlen = count;
  ssize_t taken;
  do {
    taken = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT | more);
  } while (taken < 0 && errno == EINTR);
  return taken < 0 ? 0 : static_cast<uint64_t>(taken);
}

uint64_t SendCopied(int socket, iovec head, const FilePart& part) {
  if (part.length == 0) return SendVector(socket, &head, 1, 0);
  std::array<uint8_t, kCopyBytes> bytes;
  ssize_t taken = 0;
  const SystemError error = ReadCached(part.fd, bytes.data(), part.length, part.offset, &taken);
  if (error || taken < 0 || static_cast<uint64_t>(taken) != part.length) return 0;
  iovec pieces[] = {head, {bytes.data(), part.length}};
  return SendVector(socket, pieces, 2, 0);
}

uint64_t SendByReference(int socket, iovec head, const FilePart& part) {
  if (!IsCached(part)) return 0;
  uint64_t sent = SendVector(socket, &head, 1, MSG_MORE);
  if (sent < head.iov_len) return sent;
  auto offset = static_cast<off_t>(part.offset);
  uint64_t left = part.length;
  while (left > 0) {
    const ssize_t taken = sendfile(socket, part.fd, &offset, left);
    if (taken < 0 && errno == EINTR) continue;
    if (taken <= 0) break;
    sent += static_cast<uint64_t>(taken);
    left -= static_cast<uint64_t>(taken);
  }
  return sent;
}

}  // namespace

uint64_t TrySendNow(int socket, const char* head, size_t head_count, const FilePart& part) {
  const iovec first{const_cast<char*>(head), head_count};
  return part.length <= kCopyBytes ? SendCopied(socket, first, part)
                                   : SendByReference(socket, first, part);
}

}  // namespace forebay
