// The answers that a hit server (hit_server.h) may give: targets of cached responses, each with the
// text of its head and the opened files of its chunks. JavaScript decides all of it by grants. A
// grant is valid until it expires or anything has changed; then the server requests a new one.
#ifndef FOREBAY_CORE_HIT_TABLE_H_
#define FOREBAY_CORE_HIT_TABLE_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "descriptor.h"
#include "hit_request.h"

namespace forebay {

// An open file with a part of a representation, a chunk. When the last user releases it, it closes
// its descriptor and reports that.
class HitFile {
 public:
  HitFile(uint64_t number, Descriptor fd, uint64_t begin, uint64_t end,
          const std::function<void(uint64_t)>& on_closed)
      : number_(number), fd_(std::move(fd)), begin_(begin), end_(end), on_closed_(on_closed) {}
  ~HitFile() {
    fd_.Close();
    on_closed_(number_);
  }
  HitFile(const HitFile&) = delete;
  HitFile& operator=(const HitFile&) = delete;

  uint64_t number() const { return number_; }
  int fd() const { return fd_.get(); }
  // Positions in the representation; the byte at the file's offset 0 is at `begin`.
  uint64_t begin() const { return begin_; }
  uint64_t end() const { return end_; }

 private:
  const uint64_t number_;
  Descriptor fd_;
  const uint64_t begin_;
  const uint64_t end_;
  // Owned by the table, which outlives this file.
  const std::function<void(uint64_t)>& on_closed_;
};

// The lines of a head before and after the request's id, the status line included. The server
// appends the fields that depend on the range, then `HitHeads::last`.
struct HitHead {
  std::string before;
  std::string after;
};

struct HitHeads {
  // For an answer with the whole representation (200), and with a part of it (206).
  HitHead whole;
  HitHead part;
  std::string last;
};

// One answer.
struct Hit {
  // The number under which the target was defined.
  uint64_t token = 0;
  // True for a 200: the request has no range, or is a HEAD.
  bool is_whole = false;
  // The bytes of the body in the representation, half-open; empty for HEAD.
  uint64_t start = 0;
  uint64_t end = 0;
  // The file that contains the body; null for an empty body.
  std::shared_ptr<const HitFile> file;
  std::string head;
};

enum class HitFinding {
  // The server cannot answer the request.
  kUnknown,
  // The server can answer after a new grant. `token`, `start` and `end` are set; `start` equals
  // `end` when no file is needed.
  kAsk,
  kReady,
};

// All calls are safe from any thread.
class HitTable {
 public:
  using Clock = std::chrono::steady_clock;

  // Answers bodies up to `max_bytes`. `on_closed` is called with the number of a closed file, on
  // the thread that used it last, and must not call the table.
  HitTable(uint64_t max_bytes, std::function<void(uint64_t)> on_closed);

  // Defines a target with a representation of `length` bytes. Replaces earlier definitions of that
  // target, and of that token.
  void Define(const std::string& target, uint64_t token, uint64_t length);
  void Remove(uint64_t token);

  // Grant, Open and Keep are valid until `expires` at most.
  void Grant(uint64_t token, HitHeads heads, Clock::time_point expires);
  // Adds a duplicate of `fd`, under `number`.
  SystemError Open(uint64_t token, uint64_t number, int fd, uint64_t begin, uint64_t end,
                   Clock::time_point expires);
  void Keep(uint64_t token, uint64_t number, Clock::time_point expires);
  // Ends the use of a file for new answers.
  void Revoke(uint64_t token, uint64_t number);

  // Sets whether a request's Host field must be one admitted after this call, or may be any.
  void GuardHosts(bool are_guarded);
  void AdmitHost(const std::string& field);

  // Invalidates all grants, because something that they depend on has changed.
  void Change();

  // Finds the answer to `request`, and writes `id` into its head.
  HitFinding Find(const HitRequest& request, std::string_view id, Clock::time_point now, Hit* hit);

 private:
  // Allows a lookup by a view, without a copy.
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  struct Voucher {
    uint64_t epoch = 0;
    Clock::time_point expires;
  };

  struct OpenFile {
    Voucher voucher;
    std::shared_ptr<const HitFile> file;
  };

  struct Entry {
    std::string target;
    uint64_t length;
    HitHeads heads;
    Voucher voucher;
    // By the position in the representation at which each begins.
    std::map<uint64_t, OpenFile> files;
  };

  bool Counts(const Voucher& voucher, Clock::time_point now) const {
    return voucher.epoch == epoch_ && now < voucher.expires;
  }
  // The caller of these must hold the mutex. Each target has one entry, and each entry one target.
  void Forget(uint64_t token);
  Entry* Of(uint64_t token);
  static const OpenFile* FileOf(const Entry& entry, uint64_t start, uint64_t end);

  const uint64_t max_bytes_;
  const std::function<void(uint64_t)> on_closed_;

  std::mutex mutex_;
  // A grant is valid only in the epoch in which it was made. 0 is no epoch.
  uint64_t epoch_ = 1;
  bool are_hosts_guarded_ = false;
  std::unordered_set<std::string, TextHash, std::equal_to<>> hosts_;
  std::unordered_map<std::string, uint64_t, TextHash, std::equal_to<>> tokens_;
  std::unordered_map<uint64_t, Entry> entries_;
};

}  // namespace forebay

#endif  // FOREBAY_CORE_HIT_TABLE_H_
