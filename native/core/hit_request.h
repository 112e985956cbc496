// Parses the requests that a hit server answers: those without any field that could change the
// answer, except a range. Stricter than Node's parser and than src/http/request/plain-request.ts,
// which judge all other requests.
#ifndef FOREBAY_CORE_HIT_REQUEST_H_
#define FOREBAY_CORE_HIT_REQUEST_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace forebay {

// Views into the text that was read.
struct HitRequest {
  bool is_head = false;
  // From the request line.
  std::string_view target;
  // The value of the Host field.
  std::string_view host;
  // One range, as `bytes=first-last` or `bytes=first-`, both inclusive.
  bool has_range = false;
  uint64_t first = 0;
  std::optional<uint64_t> last;
  // The client's X-Request-Id if a head and a log may contain it; else empty.
  std::string_view request_id;
  // Bytes of the head, the empty line included.
  size_t head_bytes = 0;
};

// The longest request id that is taken from a client.
inline constexpr size_t kMaxRequestId = 64;

// Parses the request head at the beginning of `text`. Nothing if it is incomplete, or not plain.
std::optional<HitRequest> ReadHitRequest(std::string_view text);

}  // namespace forebay

#endif  // FOREBAY_CORE_HIT_REQUEST_H_
