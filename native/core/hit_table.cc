#include "hit_table.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

namespace forebay {

namespace {

void AppendNumber(std::string* text, uint64_t number) {
  char digits[20];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  text->append(digits, end);
}

// Must write the same fields in the same order as src/http/hits/hot-hit-head.ts.
void WriteHead(const HitHeads& heads, uint64_t length, std::string_view id, Hit* hit) {
  const HitHead& head = hit->is_whole ? heads.whole : heads.part;
  std::string& text = hit->head;
  text.assign(head.before).append(id).append(head.after);
  if (!hit->is_whole) {
    text.append("content-range: bytes ");
    AppendNumber(&text, hit->start);
    text.append("-");
    AppendNumber(&text, hit->end - 1);
    text.append("/");
    AppendNumber(&text, length);
    text.append("\r\n");
  }
  text.append("content-length: ");
  AppendNumber(&text, hit->is_whole ? length : hit->end - hit->start);
  text.append("\r\n").append(heads.last);
}

}  // namespace

HitTable::HitTable(uint64_t max_bytes, std::function<void(uint64_t)> on_closed)
    : max_bytes_(max_bytes), on_closed_(std::move(on_closed)) {}

void HitTable::Define(const std::string& target, uint64_t token, uint64_t length) {
  const std::lock_guard lock(mutex_);
  Forget(token);
  const auto known = tokens_.find(target);
  if (known != tokens_.end()) Forget(known->second);
  tokens_[target] = token;
  entries_[token] = Entry{target, length, {}, {}, {}};
}

void HitTable::Remove(uint64_t token) {
  const std::lock_guard lock(mutex_);
  Forget(token);
}

void HitTable::Grant(uint64_t token, HitHeads heads, Clock::time_point expires) {
  const std::lock_guard lock(mutex_);
  Entry* const entry = Of(token);
  if (entry == nullptr) return;
  entry->heads = std::move(heads);
  entry->voucher = {epoch_, expires};
}

SystemError HitTable::Open(uint64_t token, uint64_t number, int fd, uint64_t begin, uint64_t end,
                           Clock::time_point expires) {
  Descriptor own;
  if (const SystemError error = Descriptor::Duplicate(fd, &own)) return error;
  const auto file = std::make_shared<const HitFile>(number, std::move(own), begin, end, on_closed_);
  const std::lock_guard lock(mutex_);
  Entry* const entry = Of(token);
  if (entry != nullptr) entry->files[begin] = {{epoch_, expires}, file};
  return {};
}

void HitTable::Keep(uint64_t token, uint64_t number, Clock::time_point expires) {
  const std::lock_guard lock(mutex_);
  Entry* const entry = Of(token);
  if (entry == nullptr) return;
  for (auto& [begin, open] : entry->files) {
    if (open.file->number() == number) open.voucher = {epoch_, expires};
  }
}

void HitTable::Revoke(uint64_t token, uint64_t number) {
  const std::lock_guard lock(mutex_);
  Entry* const entry = Of(token);
  if (entry == nullptr) return;
  std::erase_if(entry->files,
                [number](const auto& open) { return open.second.file->number() == number; });
}

void HitTable::GuardHosts(bool are_guarded) {
  const std::lock_guard lock(mutex_);
  are_hosts_guarded_ = are_guarded;
  hosts_.clear();
}

void HitTable::AdmitHost(const std::string& field) {
  const std::lock_guard lock(mutex_);
  hosts_.insert(field);
}

void HitTable::Change() {
  const std::lock_guard lock(mutex_);
  epoch_ += 1;
}

HitFinding HitTable::Find(const HitRequest& request, std::string_view id, Clock::time_point now,
                          Hit* hit) {
  const std::lock_guard lock(mutex_);
  if (are_hosts_guarded_ && !hosts_.contains(request.host)) return HitFinding::kUnknown;
  const auto named = tokens_.find(request.target);
  if (named == tokens_.end()) return HitFinding::kUnknown;
  const Entry& entry = entries_.at(named->second);
  // Range is defined for GET alone (RFC 9110 section 14.2).
  hit->is_whole = request.is_head || !request.has_range;
  if (!hit->is_whole && request.first >= entry.length) return HitFinding::kUnknown;
  hit->token = named->second;
  hit->start = hit->is_whole ? 0 : request.first;
  hit->end = entry.length;
  if (!hit->is_whole && request.last) hit->end = std::min(*request.last + 1, entry.length);
  if (request.is_head) hit->end = 0;
  if (hit->end - hit->start > max_bytes_) return HitFinding::kUnknown;
  if (!Counts(entry.voucher, now)) return HitFinding::kAsk;
  hit->file = nullptr;
  if (hit->start < hit->end) {
    const OpenFile* const open = FileOf(entry, hit->start, hit->end);
    if (open == nullptr || !Counts(open->voucher, now)) return HitFinding::kAsk;
    hit->file = open->file;
  }
  WriteHead(entry.heads, entry.length, id, hit);
  return HitFinding::kReady;
}

void HitTable::Forget(uint64_t token) {
  const auto entry = entries_.find(token);
  if (entry == entries_.end()) return;
  tokens_.erase(entry->second.target);
  entries_.erase(entry);
}

HitTable::Entry* HitTable::Of(uint64_t token) {
  const auto found = entries_.find(token);
  return found == entries_.end() ? nullptr : &found->second;
}

const HitTable::OpenFile* HitTable::FileOf(const Entry& entry, uint64_t start, uint64_t end) {
  auto after = entry.files.upper_bound(start);
  if (after == entry.files.begin()) return nullptr;
  const OpenFile& open = std::prev(after)->second;
  return end <= open.file->end() ? &open : nullptr;
}

}  // namespace forebay
