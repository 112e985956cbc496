// Group ids, chunk ids and roots: BLAKE3's tree cut at 1 MiB and at chunk boundaries.
#ifndef FOREBAY_CORE_BLAKE3_TREE_H_
#define FOREBAY_CORE_BLAKE3_TREE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace forebay {

// Bytes in a chaining value or hash.
inline constexpr size_t kIdBytes = 32;

// Bytes in a group, the unit of verifying: a power of two of leaves, so each is a whole subtree.
inline constexpr size_t kGroupBytes = size_t{1} << 20;

// The largest chunk has 64 groups (model/chunk.ts).
inline constexpr size_t kMaxGroupsPerChunk = 64;

using Id = std::array<uint8_t, kIdBytes>;

// Whether a subtree is the whole object: only then its topmost node gets BLAKE3's ROOT flag.
enum class Extent { kPart, kWholeObject };

// The id of group `group_index` of its object. `bytes` holds 1 to kGroupBytes bytes, and
// kGroupBytes unless it is the object's last group. The whole object is always group 0.
Id GroupId(std::span<const uint8_t> bytes, uint64_t group_index, Extent extent);

// Merges consecutive subtrees of equal size (the last may be smaller) as BLAKE3's tree does: the
// left side of every node holds the largest power of two of them. `ids` holds one or more ids of
// kIdBytes; a single one is returned unchanged, as it was made as the root or not.
Id MergeIds(std::span<const uint8_t> ids, Extent extent);

// BLAKE3 of no bytes.
Id RootOfEmpty();

}  // namespace forebay

#endif  // FOREBAY_CORE_BLAKE3_TREE_H_
