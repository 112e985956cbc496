// Messages of a hit server (hit_server.h) to JavaScript: notices, which need an action at once, and
// records of answers, which are taken in batches.
#ifndef FOREBAY_CORE_HIT_OUTBOX_H_
#define FOREBAY_CORE_HIT_OUTBOX_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "descriptor.h"
#include "hit_request.h"
#include "system_error.h"

namespace forebay {

// One answer that was sent, whole or in part: for the log. Copied to JavaScript as it is
// (src/compute/hit-protocol.ts reads it).
struct HitRecord {
  double connection;
  double token;
  // 1: HEAD. 2: answered with all of the representation. 4: there was a range. 8: without its last
  // position. And 256 for each byte of the request's id.
  double flags;
  // The requested range, both inclusive.
  double first;
  double last;
  double body_bytes;
  double body_bytes_sent;
  double wait_ms;
  std::array<char, kMaxRequestId> request_id;
};
static_assert(sizeof(HitRecord) == 128);

enum class HitNoticeKind : uint8_t {
  // The connection is JavaScript's from now on.
  kHandedOver = 1,
  // It waits for what `token`, `start` and `end` name to be granted, and then for Resume.
  kAsks = 2,
  // Its socket took a part of an answer: JavaScript takes it with TakePartialHit. `token` names the
  // file that the rest is in.
  kPartial = 3,
  // The descriptor of the file `token` is closed.
  kFileClosed = 4,
  // It waits until the bytes from `start` to `end` of the representation, in the file `token`, are
  // in memory, and then for Resume.
  kCold = 5,
};

struct HitNotice {
  HitNoticeKind kind;
  uint64_t connection;
  // Of a target, or the number of a file.
  uint64_t token;
  uint64_t start;
  uint64_t end;
};

// All calls are safe from any thread.
class HitOutbox {
 public:
  SystemError Open();

  // A wake descriptor (wake.h) that is readable when there are notices or records to take.
  int notice_fd() const { return notice_fd_.get(); }

  void Notify(const HitNotice& notice);
  // False when so many wait that the main thread has to be given more of the work.
  bool Record(const HitRecord& record);

  // The notices since the last call, in order.
  std::vector<HitNotice> TakeNotices();
  // The oldest records, up to `most`. If there are none, this re-arms the wake-up; until then the
  // main thread polls, and Record does not wake it.
  std::vector<HitRecord> TakeRecords(size_t most);

 private:
  Descriptor notice_fd_;

  // Guards what follows.
  std::mutex mutex_;
  std::vector<HitNotice> notices_;
  std::vector<HitRecord> records_;
  bool is_taking_ = false;
};

}  // namespace forebay

#endif  // FOREBAY_CORE_HIT_OUTBOX_H_
