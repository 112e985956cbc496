// The answers that a hit server (hit_server.h) may give: targets with hits, each with the text of
// its head and the open files of its chunks. JavaScript decides all of it, for a short time only: a
// grant is valid until it expires or anything has changed, and must then be renewed.
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

// An open file with a part of a representation: a chunk. Reports when its last user has released it
// and its descriptor is closed.
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
  // Positions in the representation; the file begins at `begin`.
  uint64_t begin() const { return begin_; }
  uint64_t end() const { return end_; }

 private:
  const uint64_t number_;
  Descriptor fd_;
  const uint64_t begin_;
  const uint64_t end_;
  // The table's, which lives longer.
  const std::function<void(uint64_t)>& on_closed_;
};

// The lines of a head before and after the request's id, the status line included. What depends on
// the range is put after them, then the last lines, which are the same for all.
struct HitHead {
  std::string before;
  std::string after;
};

struct HitHeads {
  // Of an answer with all of the representation, and with a part of it.
  HitHead whole;
  HitHead part;
  std::string last;
};

// One answer.
struct Hit {
  // The target, by the number that it was defined with.
  uint64_t token = 0;
  // Status 200, not 206.
  bool is_whole = false;
  // Half-open, in the representation: the body. Empty for HEAD, whose head describes the whole.
  uint64_t start = 0;
  uint64_t end = 0;
  // The file of the body; none for HEAD and for an empty representation.
  std::shared_ptr<const HitFile> file;
  std::string head;
};

enum class HitFinding {
  // Nothing here can answer it.
  kUnknown,
  // It may be answered once the missing grants are renewed. `token`, `start` and `end` are set; the
  // latter two are equal if no file is needed.
  kAsk,
  kReady,
};

// All calls are safe from any thread.
class HitTable {
 public:
  using Clock = std::chrono::steady_clock;

  // Bodies up to `max_bytes` are answered. `on_closed` receives the number of each closed file, on
  // the thread that used it last, and must not call the table.
  HitTable(uint64_t max_bytes, std::function<void(uint64_t)> on_closed);

  // Adds a target of `length` bytes. It replaces earlier ones of that name, and of that token.
  void Define(const std::string& target, uint64_t token, uint64_t length);
  void Remove(uint64_t token);

  // Grants are valid until `expires` at most.
  void Grant(uint64_t token, HitHeads heads, Clock::time_point expires);
  // The file is borrowed: a duplicate is used. `number` names it from now on.
  SystemError Open(uint64_t token, uint64_t number, int fd, uint64_t begin, uint64_t end,
                   Clock::time_point expires);
  void Keep(uint64_t token, uint64_t number, Clock::time_point expires);
  // A file is not used for answers that begin from now on.
  void Revoke(uint64_t token, uint64_t number);

  // Which Host fields a request may have: any, or those that are admitted after this call.
  void GuardHosts(bool are_guarded);
  void AdmitHost(const std::string& field);

  // Voids every grant: something that they depend on has changed.
  void Change();

  // Looks for the answer to `request`; `id` is put into its head.
  HitFinding Find(const HitRequest& request, std::string_view id, Clock::time_point now, Hit* hit);

 private:
  // Finds by a view, without a copy.
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
    // By the position at which each begins.
    std::map<uint64_t, OpenFile> files;
  };

  bool Counts(const Voucher& voucher, Clock::time_point now) const {
    return voucher.epoch == epoch_ && now < voucher.expires;
  }
  // The caller of these holds the mutex. Each target has one entry, and each entry one target.
  void Forget(uint64_t token);
  Entry* Of(uint64_t token);
  static const OpenFile* FileOf(const Entry& entry, uint64_t start, uint64_t end);

  const uint64_t max_bytes_;
  const std::function<void(uint64_t)> on_closed_;

  std::mutex mutex_;
  // A grant is valid in its own epoch only. 0 is none.
  uint64_t epoch_ = 1;
  bool are_hosts_guarded_ = false;
  std::unordered_set<std::string, TextHash, std::equal_to<>> hosts_;
  std::unordered_map<std::string, uint64_t, TextHash, std::equal_to<>> tokens_;
  std::unordered_map<uint64_t, Entry> entries_;
};

}  // namespace forebay

#endif  // FOREBAY_CORE_HIT_TABLE_H_
