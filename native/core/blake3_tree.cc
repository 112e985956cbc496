#include "blake3_tree.h"

#include <algorithm>
#include <bit>

#include "blake3_subtree.h"

namespace forebay {

Id GroupId(std::span<const uint8_t> bytes, uint64_t group_index, Extent extent) {
  constexpr uint64_t kLeavesPerGroup = kGroupBytes / FOREBAY_BLAKE3_LEAF_BYTES;
  Id id;
  forebay_blake3_subtree(bytes.data(), bytes.size(), group_index * kLeavesPerGroup,
                         extent == Extent::kWholeObject, id.data());
  return id;
}

// Recurses to the tree's depth: n levels for 2^n ids, and memory holds fewer than 2^48 ids.
Id MergeIds(std::span<const uint8_t> ids, Extent extent) {
  Id id;
  const size_t count = ids.size() / kIdBytes;
  if (count == 1) {
    std::copy_n(ids.begin(), kIdBytes, id.begin());
    return id;
  }
  // At least one id must remain for the right side, hence count - 1.
  const size_t left_bytes = std::bit_floor(count - 1) * kIdBytes;
  const Id left = MergeIds(ids.first(left_bytes), Extent::kPart);
  const Id right = MergeIds(ids.subspan(left_bytes), Extent::kPart);
  forebay_blake3_parent(left.data(), right.data(), extent == Extent::kWholeObject, id.data());
  return id;
}

Id RootOfEmpty() {
  Id id;
  // No byte is read, but the package passes the pointer to memcpy, for which it must not be null.
  const uint8_t nothing = 0;
  forebay_blake3_subtree(&nothing, 0, 0, true, id.data());
  return id;
}

}  // namespace forebay
