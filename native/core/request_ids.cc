#include "request_ids.h"

#include <sys/random.h>

namespace forebay {

std::string_view RequestIds::Next() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  if (used_ == random_.size()) Draw();
  for (size_t at = 0; at < kIdBytes; at += 1) {
    const uint8_t byte = random_[used_ + at];
    text_[2 * at] = kDigits[byte >> 4];
    text_[2 * at + 1] = kDigits[byte & 15];
  }
  used_ += kIdBytes;
  return {text_.data(), text_.size()};
}

void RequestIds::Draw() {
  // getrandom returns up to 256 bytes completely or fails, and it fails only before the system has
  // booted.
  while (getrandom(random_.data(), random_.size(), 0) < 0) {
  }
  used_ = 0;
}

}  // namespace forebay
