// Generates request ids of 16 hexadecimal digits, like src/http/request/request-id.ts.
#ifndef FOREBAY_CORE_REQUEST_IDS_H_
#define FOREBAY_CORE_REQUEST_IDS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace forebay {

// A generator for one thread.
class RequestIds {
 public:
  // Returns a new id, valid until the next call.
  std::string_view Next();

 private:
  static constexpr size_t kIdBytes = 8;

  void Draw();

  // Filled at once, because one system call for many bytes costs as much as for a few.
  std::array<uint8_t, 256> random_;
  size_t used_ = random_.size();
  std::array<char, 2 * kIdBytes> text_;
};

}  // namespace forebay

#endif  // FOREBAY_CORE_REQUEST_IDS_H_
