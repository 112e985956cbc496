// The messages of a hit server (hit_server.h) to JavaScript: notices, which are handled at once,
// and records of answers, which are taken in batches.
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

// One answer that was sent fully or partly, for the log. Its bytes are copied to JavaScript, and
// parsed by src/compute/hit-protocol.ts.
struct HitRecord {
  double connection;
  double token;
  // The sum of 1: HEAD; 2: a 200 with the whole representation; 4: the request has a range; 8: the
  // range has no last position; and 256 times the length of the request's id.
  double flags;
  // The requested range, both ends inclusive.
  double first;
  double last;
  double body_bytes;
  double body_bytes_sent;
  double wait_ms;
  std::array<char, kMaxRequestId> request_id;
};
static_assert(sizeof(HitRecord) == 128);

enum class HitNoticeKind : uint8_t {
  // JavaScript now owns the connection.
  kHandedOver = 1,
  // A request waits for a grant of the target `token` and its bytes from `start` to `end`, and then
  // for Resume.
  kAsks = 2,
  // An answer was sent in part: JavaScript calls TakePartialHit. `token` is the number of the file
  // that contains the rest.
  kPartial = 3,
  // The descriptor of the file `token` is closed.
  kFileClosed = 4,
  // A request waits until the bytes from `start` to `end` of the representation, in the file
  // `token`, are in memory, and then for Resume.
  kCold = 5,
};

struct HitNotice {
  HitNoticeKind kind;
  uint64_t connection;
  // The token of a target, or the number of a file.
  uint64_t token;
  uint64_t start;
  uint64_t end;
};

// All calls are safe from any thread.
class HitOutbox {
 public:
  SystemError Open();

  // A wake descriptor (wake.h), readable when there are notices or records to take.
  int notice_fd() const { return notice_fd_.get(); }

  void Notify(const HitNotice& notice);
  // Appends a record; returns false when so many are untaken that the server must hand connections
  // over to the main thread.
  bool Record(const HitRecord& record);

  // Returns the notices since the last call, in order.
  std::vector<HitNotice> TakeNotices();
  // Returns the oldest records, up to `most`. When there are none, the next Record wakes the main
  // thread again; until then the main thread polls, and Record does not wake it.
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
