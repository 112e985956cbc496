// Parses the simple requests that a hit server answers, in which nothing but the target and one
// range affects the answer. It accepts a strict subset of the heads that Node's parser accepts and
// that src/http/request/plain-request.ts accepts as plain; those two handle all other heads.
#ifndef FOREBAY_CORE_HIT_REQUEST_H_
#define FOREBAY_CORE_HIT_REQUEST_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace forebay {

// A parsed request. Its views point into the parsed text.
struct HitRequest {
  bool is_head = false;
  // The target of the request line, unchanged.
  std::string_view target;
  // The value of the Host field.
  std::string_view host;
  // One range, `bytes=first-last` or `bytes=first-`, both ends inclusive.
  bool has_range = false;
  uint64_t first = 0;
  std::optional<uint64_t> last;
  // The client's X-Request-ID if it is acceptable in a head and a log; otherwise empty.
  std::string_view request_id;
  // The length of the head, the empty line included.
  size_t head_bytes = 0;
};

// The longest request id that is accepted from a client.
inline constexpr size_t kMaxRequestId = 64;

// Parses the request head at the beginning of `text`. Returns nullopt when it is incomplete or not
// simple.
std::optional<HitRequest> ReadHitRequest(std::string_view text);

}  // namespace forebay

#endif  // FOREBAY_CORE_HIT_REQUEST_H_
