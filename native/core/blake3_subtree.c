/* Gives out the subtree functions of the BLAKE3 package's C sources. They are static, so this file
 * includes the package's blake3.c and takes its place in the build. */
#include "blake3_subtree.h"

#include "blake3.c"

/* The package detects the processor on first use and keeps it in a plain variable. Detecting while
 * the addon is being mapped, before any thread can call it, spares workers a data race on it. */
__attribute__((constructor)) static void detect_processor(void) { (void)blake3_simd_degree(); }

static void finish(const output_t *output, bool is_root, uint8_t out[32]) {
  if (is_root) {
    output_root_bytes(output, 0, out, BLAKE3_OUT_LEN);
  } else {
    output_chaining_value(output, out);
  }
}

void forebay_blake3_subtree(const uint8_t *input, size_t length, uint64_t leaf_index, bool is_root,
                            uint8_t out[32]) {
  output_t output;
  if (length <= BLAKE3_CHUNK_LEN) {
    blake3_chunk_state leaf;
    chunk_state_init(&leaf, IV, 0);
    leaf.chunk_counter = leaf_index;
    chunk_state_update(&leaf, input, length);
    output = chunk_state_output(&leaf);
  } else {
    uint8_t children[2 * BLAKE3_OUT_LEN];
    compress_subtree_to_parent_node(input, length, IV, leaf_index, 0, children);
    output = parent_output(children, IV, 0);
  }
  finish(&output, is_root, out);
}

void forebay_blake3_parent(const uint8_t left[32], const uint8_t right[32], bool is_root,
                           uint8_t out[32]) {
  uint8_t children[2 * BLAKE3_OUT_LEN];
  memcpy(children, left, BLAKE3_OUT_LEN);
  memcpy(children + BLAKE3_OUT_LEN, right, BLAKE3_OUT_LEN);
  const output_t output = parent_output(children, IV, 0);
  finish(&output, is_root, out);
}

const char *forebay_blake3_simd(void) {
#if defined(IS_X86)
  switch (blake3_simd_degree()) {
    case 16:
      return "avx512";
    case 8:
      return "avx2";
    case 4:
      /* Both hash four leaves at a time; the package prefers SSE4.1, as here. */
      return __builtin_cpu_supports("sse4.1") ? "sse41" : "sse2";
    default:
      return "portable";
  }
#elif BLAKE3_USE_NEON == 1
  return "neon";
#else
  return "portable";
#endif
}
