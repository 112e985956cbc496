#include "hit_request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace forebay {

namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kVersion = " HTTP/1.1";

// The meaning of a field here. Fields of kNone describe the client and do not affect the answer.
enum class Meaning { kHost, kRange, kRequestId, kConnection, kNone, kUnknown };

struct KnownField {
  std::string_view name;
  Meaning meaning;
};

constexpr std::array<KnownField, 14> kFields = {{
    {"host", Meaning::kHost},
    {"range", Meaning::kRange},
    {"x-request-id", Meaning::kRequestId},
    {"connection", Meaning::kConnection},
    {"accept", Meaning::kNone},
    {"accept-encoding", Meaning::kNone},
    {"accept-language", Meaning::kNone},
    {"forwarded", Meaning::kNone},
    {"referer", Meaning::kNone},
    {"user-agent", Meaning::kNone},
    {"x-forwarded-for", Meaning::kNone},
    {"x-forwarded-host", Meaning::kNone},
    {"x-forwarded-proto", Meaning::kNone},
    {"x-real-ip", Meaning::kNone},
}};

bool IsDigit(char byte) { return byte >= '0' && byte <= '9'; }

bool IsAlphanumeric(char byte) {
  return IsDigit(byte) || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

// True for printable ASCII. Other bytes in values are rare; Node's parser handles them.
bool IsPrintable(char byte) { return byte >= 0x20 && byte <= 0x7e; }

char ToLower(char byte) {
  return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + ('a' - 'A')) : byte;
}

bool EqualsLower(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(),
                    [](char one, char other) { return ToLower(one) == other; });
}

Meaning MeaningOf(std::string_view name) {
  for (const KnownField& field : kFields) {
    if (EqualsLower(name, field.name)) return field.meaning;
  }
  return Meaning::kUnknown;
}

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

// True for a name or an IPv4 address with an optional port, the forms that clients send.
bool IsPlainHost(std::string_view host) {
  const size_t colon = host.find(':');
  const std::string_view name = host.substr(0, colon);
  const std::string_view port = colon == std::string_view::npos ? "" : host.substr(colon + 1);
  return !name.empty() && std::all_of(port.begin(), port.end(), IsDigit) &&
         std::all_of(name.begin(), name.end(), [](char byte) {
           return IsAlphanumeric(byte) || byte == '.' || byte == '-' || byte == '_';
         });
}

bool IsRequestId(std::string_view id) {
  return !id.empty() && id.size() <= kMaxRequestId &&
         std::all_of(id.begin(), id.end(), [](char byte) {
           return IsAlphanumeric(byte) || byte == '.' || byte == '_' || byte == '-';
         });
}

// Parses a position of at most 15 digits, which a double represents exactly, without leading zeros.
std::optional<uint64_t> ReadPosition(std::string_view text) {
  constexpr size_t kMaxDigits = 15;
  if (text.empty() || text.size() > kMaxDigits) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

bool ReadRange(std::string_view value, HitRequest* request) {
  constexpr std::string_view kUnit = "bytes=";
  if (request->has_range || !value.starts_with(kUnit)) return false;
  value.remove_prefix(kUnit.size());
  const size_t dash = value.find('-');
  if (dash == std::string_view::npos) return false;
  const auto first = ReadPosition(value.substr(0, dash));
  const std::string_view last = value.substr(dash + 1);
  if (!first) return false;
  request->has_range = true;
  request->first = *first;
  if (last.empty()) return true;
  request->last = ReadPosition(last);
  return request->last && *request->last >= *first;
}

struct Seen {
  bool host = false;
  bool request_id = false;
};

bool ReadField(std::string_view line, Seen* seen, HitRequest* request) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  if (!std::all_of(line.begin(), line.end(), IsPrintable)) return false;
  const std::string_view value = Trim(line.substr(colon + 1));
  switch (MeaningOf(line.substr(0, colon))) {
    case Meaning::kHost:
      request->host = value;
      return !std::exchange(seen->host, true) && IsPlainHost(value);
    case Meaning::kRange:
      return ReadRange(value, request);
    case Meaning::kRequestId:
      // An unacceptable id is ignored, so that the answer gets a generated one.
      if (IsRequestId(value)) request->request_id = value;
      return !std::exchange(seen->request_id, true);
    case Meaning::kConnection:
      return EqualsLower(value, "keep-alive");
    case Meaning::kNone:
      return true;
    case Meaning::kUnknown:
      return false;
  }
  return false;
}

bool ReadRequestLine(std::string_view line, HitRequest* request) {
  request->is_head = line.starts_with("HEAD ");
  if (!request->is_head && !line.starts_with("GET ")) return false;
  if (!line.ends_with(kVersion)) return false;
  line.remove_suffix(kVersion.size());
  line.remove_prefix(std::min(line.find(' ') + 1, line.size()));
  request->target = line;
  return line.starts_with('/') && std::all_of(line.begin(), line.end(), [](char byte) {
           return IsPrintable(byte) && byte != ' ';
         });
}

}  // namespace

std::optional<HitRequest> ReadHitRequest(std::string_view text) {
  HitRequest request;
  size_t end = text.find(kLineEnd);
  if (end == std::string_view::npos) return std::nullopt;
  if (!ReadRequestLine(text.substr(0, end), &request)) return std::nullopt;
  Seen seen;
  for (;;) {
    const size_t begin = end + kLineEnd.size();
    end = text.find(kLineEnd, begin);
    if (end == std::string_view::npos) return std::nullopt;
    if (end == begin) break;
    if (!ReadField(text.substr(begin, end - begin), &seen, &request)) return std::nullopt;
  }
  if (!seen.host) return std::nullopt;
  request.head_bytes = end + kLineEnd.size();
  return request;
}

}  // namespace forebay
