// Draws request ids: 16 hexadecimal digits, as src/http/request/request-id.ts makes them.
#ifndef FOREBAY_CORE_REQUEST_IDS_H_
#define FOREBAY_CORE_REQUEST_IDS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace forebay {

// One thread's.
class RequestIds {
 public:
  // Valid until the next call.
  std::string_view Next();

 private:
  static constexpr size_t kIdBytes = 8;

  void Draw();

  // Drawing many at once costs as much as drawing one.
  std::array<uint8_t, 256> random_;
  size_t used_ = random_.size();
  std::array<char, 2 * kIdBytes> text_;
};

}  // namespace forebay

#endif  // FOREBAY_CORE_REQUEST_IDS_H_
