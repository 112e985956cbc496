/* Chaining values of BLAKE3 subtrees, which the package's public interface lacks. In C, because it
 * exposes functions that are static in the package's blake3.c. */
#ifndef FOREBAY_CORE_BLAKE3_SUBTREE_H_
#define FOREBAY_CORE_BLAKE3_SUBTREE_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The length of a BLAKE3 leaf ("chunk" in its paper, section 2.1). */
#define FOREBAY_BLAKE3_LEAF_BYTES 1024

/* Writes the 32-byte chaining value of the subtree over `input`, whose first leaf is number
 * `leaf_index` of the whole input. `is_root`: the subtree is the whole input (leaf_index 0), and
 * the function writes the hash. `length` may be 0 only for the root. */
void forebay_blake3_subtree(const uint8_t *input, size_t length, uint64_t leaf_index, bool is_root,
                            uint8_t out[32]);

/* Writes the chaining value (or, for the root, the hash) of the parent of two subtrees. */
void forebay_blake3_parent(const uint8_t left[32], const uint8_t right[32], bool is_root,
                           uint8_t out[32]);

/* Returns the instruction set in use: "avx512", "avx2", "sse41", "sse2", "neon" or "portable". */
const char *forebay_blake3_simd(void);

#ifdef __cplusplus
}
#endif

#endif /* FOREBAY_CORE_BLAKE3_SUBTREE_H_ */
