#include "origin_answer.h"

#include <algorithm>
#include <optional>

namespace bench {

namespace {

struct Range {
  uint64_t start;
  uint64_t length;
};

enum class RangeKind { kNone, kOne, kUnsatisfiable };

// RFC 9110 section 14.1.2, one range; several, or what is malformed, may be ignored and are.
RangeKind ReadRange(std::string_view text, uint64_t bytes, Range* range) {
  constexpr std::string_view kUnit = "bytes=";
  if (!text.starts_with(kUnit)) return RangeKind::kNone;
  text.remove_prefix(kUnit.size());
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos) return RangeKind::kNone;
  const std::string_view first_text = text.substr(0, dash);
  const std::string_view last_text = text.substr(dash + 1);
  const auto first = ParseDecimal(first_text);
  const auto last = ParseDecimal(last_text);
  if (first_text.empty()) {
    if (!last) return RangeKind::kNone;
    if (*last == 0) return RangeKind::kUnsatisfiable;
    const uint64_t length = std::min(*last, bytes);
    *range = {bytes - length, length};
    return RangeKind::kOne;
  }
  if (!first || (!last && !last_text.empty())) return RangeKind::kNone;
  if (last && *last < *first) return RangeKind::kNone;
  if (*first >= bytes) return RangeKind::kUnsatisfiable;
  *range = {*first, std::min(last.value_or(bytes - 1), bytes - 1) - *first + 1};
  return RangeKind::kOne;
}

bool ListNames(std::string_view list, std::string_view tag) {
  return list == "*" || list.find(tag) != std::string_view::npos;
}

// RFC 9110 section 13.2.2: If-None-Match decides, and If-Modified-Since only where it is missing.
bool IsNotModified(const Object& object, const Head& request) {
  if (const auto list = request.Field("if-none-match")) return ListNames(*list, object.entity_tag);
  // What never changes was not modified since the only date that this origin has given.
  return request.Field("if-modified-since") == kLastModified;
}

bool RangeApplies(const Object& object, const Head& request) {
  const auto condition = request.Field("if-range");
  return !condition || *condition == object.entity_tag || *condition == kLastModified;
}

std::string CommonFields(std::string_view date) {
  return "\r\nServer: forebay-bench-origin\r\nDate: " + std::string(date);
}

}  // namespace

Answer AnswerObject(const Object& object, bool is_head, const Head& request, std::string_view date,
                    uint64_t max_age, std::string_view extra) {
  const std::string fields = CommonFields(date) + "\r\nETag: " + object.entity_tag +
                             "\r\nLast-Modified: " + std::string(kLastModified) +
                             "\r\nCache-Control: max-age=" + std::to_string(max_age) +
                             "\r\nAccept-Ranges: bytes" + std::string(extra);
  if (IsNotModified(object, request)) return {"HTTP/1.1 304 Not Modified" + fields + "\r\n\r\n"};
  Range range{0, object.bytes};
  RangeKind kind = RangeKind::kNone;
  // Range is defined for GET alone.
  const auto wanted = is_head ? std::nullopt : request.Field("range");
  if (wanted && RangeApplies(object, request)) kind = ReadRange(*wanted, object.bytes, &range);
  const std::string total = std::to_string(object.bytes);
  if (kind == RangeKind::kUnsatisfiable) {
    return {"HTTP/1.1 416 Range Not Satisfiable" + fields + "\r\nContent-Range: bytes */" + total +
            "\r\nContent-Length: 0\r\n\r\n"};
  }
  std::string head = "HTTP/1.1 200 OK" + fields;
  if (kind == RangeKind::kOne) {
    head = "HTTP/1.1 206 Partial Content" + fields + "\r\nContent-Range: bytes " +
           std::to_string(range.start) + "-" + std::to_string(range.start + range.length - 1) +
           "/" + total;
  }
  head += "\r\nContent-Type: application/octet-stream\r\nContent-Length: " +
          std::to_string(range.length) + "\r\n\r\n";
  if (is_head) return {head};
  return {head, &object, range.start, range.length};
}

Answer AnswerText(std::string_view status, std::string_view text, std::string_view date) {
  return {"HTTP/1.1 " + std::string(status) + CommonFields(date) +
          "\r\nContent-Type: application/json\r\nCache-Control: no-store\r\nContent-Length: " +
          std::to_string(text.size()) + "\r\n\r\n" + std::string(text)};
}

}  // namespace bench
