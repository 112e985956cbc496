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

// Bytes in a group, the unit of verifying. It has a power of two of leaves, so that it is a
// subtree.
inline constexpr size_t kGroupBytes = size_t{1} << 20;

// The largest chunk has 64 groups (model/chunk.ts).
inline constexpr size_t kMaxGroupsPerChunk = 64;

using Id = std::array<uint8_t, kIdBytes>;

// The extent of a subtree. Only the topmost node of the whole object gets BLAKE3's ROOT flag.
enum class Extent { kPart, kWholeObject };

// Returns the id of group `group_index` of its object. `bytes` has 1 to kGroupBytes bytes, and
// kGroupBytes unless it is the object's last group. A group that is the whole object is group 0.
Id GroupId(std::span<const uint8_t> bytes, uint64_t group_index, Extent extent);

// Merges consecutive subtrees of equal size (the last may be smaller) as BLAKE3's tree does: the
// left side of every node has the largest power of two of them that leaves some for the right side.
// `ids` has one or more ids of kIdBytes. A single id is returned unchanged: `extent` was already
// applied when it was computed.
Id MergeIds(std::span<const uint8_t> ids, Extent extent);

// Returns the BLAKE3 hash of no bytes.
Id RootOfEmpty();

}  // namespace forebay

#endif  // FOREBAY_CORE_BLAKE3_TREE_H_
