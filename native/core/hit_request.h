// Reads the requests that a hit server answers: so plain that nothing in them decides anything but
// which bytes of which target are wanted. A strict part of what Node's parser takes, and of what
// src/http/request/plain-request.ts calls plain: whatever else a head says is for them to judge.
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
  // As the request line has it.
  std::string_view target;
  // The value of the Host field.
  std::string_view host;
  // One range, as `bytes=first-last` or `bytes=first-`, both inclusive.
  bool has_range = false;
  uint64_t first = 0;
  std::optional<uint64_t> last;
  // The client's own name for it, where that may stand in a head and a log; else empty.
  std::string_view request_id;
  // Bytes of the head, the empty line included.
  size_t head_bytes = 0;
};

// The longest request id that is taken from a client.
inline constexpr size_t kMaxRequestId = 64;

// Reads the request head at the beginning of `text`. Nothing where it is not all there, or not
// plain.
std::optional<HitRequest> ReadHitRequest(std::string_view text);

}  // namespace forebay

#endif  // FOREBAY_CORE_HIT_REQUEST_H_
