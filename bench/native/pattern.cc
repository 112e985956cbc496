#include "pattern.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace bench {

namespace {

constexpr size_t kWordBytes = 8;

// Compared at once: small enough for the stack, large enough that memcmp is fast.
constexpr size_t kCompareBytes = size_t{16} << 10;

// splitmix64's finaliser: a permutation, so no two words of an object are equal.
uint64_t WordAt(uint64_t object, uint64_t index) {
  uint64_t word = index + (object << 48);
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
  word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
  return word ^ (word >> 31);
}

// Bytes up to the next word; all of them when the range ends before it.
size_t CopyPart(uint64_t object, uint64_t offset, std::span<uint8_t> out) {
  const uint64_t word = WordAt(object, offset / kWordBytes);
  const size_t skip = offset % kWordBytes;
  const size_t count = std::min(out.size(), kWordBytes - skip);
  std::memcpy(out.data(), reinterpret_cast<const uint8_t*>(&word) + skip, count);
  return count;
}

}  // namespace

void FillPattern(uint64_t object, uint64_t offset, std::span<uint8_t> out) {
  size_t done = 0;
  if (offset % kWordBytes != 0 && !out.empty()) done = CopyPart(object, offset, out);
  uint64_t index = (offset + done) / kWordBytes;
  for (; done + kWordBytes <= out.size(); done += kWordBytes, index += 1) {
    const uint64_t word = WordAt(object, index);
    std::memcpy(out.data() + done, &word, kWordBytes);
  }
  if (done < out.size()) CopyPart(object, offset + done, out.subspan(done));
}

std::optional<size_t> FindMismatch(uint64_t object, uint64_t offset,
                                   std::span<const uint8_t> bytes) {
  std::array<uint8_t, kCompareBytes> expected;
  for (size_t done = 0; done < bytes.size(); done += expected.size()) {
    const size_t count = std::min(expected.size(), bytes.size() - done);
    FillPattern(object, offset + done, {expected.data(), count});
    if (std::memcmp(expected.data(), bytes.data() + done, count) == 0) continue;
    const auto pair = std::mismatch(expected.begin(), expected.begin() + count, &bytes[done]);
    return done + static_cast<size_t>(pair.first - expected.begin());
  }
  return std::nullopt;
}

}  // namespace bench
