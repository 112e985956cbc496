// The bytes of the bench's objects: each eight depend on the object and on their position, so that
// bytes of another object, of another place, or flipped ones are seen. Origin and client both make
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace bench {

// Fills `out` with the bytes of `object` from `offset` on.
void FillPattern(uint64_t object, uint64_t offset, std::span<uint8_t> out);

// Index of the first byte that is not what `object` has at `offset` + index; nothing when all are.
std::optional<size_t> FindMismatch(uint64_t object, uint64_t offset,
                                   std::span<const uint8_t> bytes);

}  // namespace bench
