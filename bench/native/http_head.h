// The heads of HTTP/1.1 messages, as far as client and origin of the bench read them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace bench {

// A head longer than this is an error.
inline constexpr size_t kMaxHeadBytes = size_t{16} << 10;

// Views into the buffer that was parsed.
struct Head {
  std::string_view start_line;
  std::vector<std::pair<std::string_view, std::string_view>> fields;

  // The first field of this name, whatever the case of its letters.
  std::optional<std::string_view> Field(std::string_view lower_case_name) const;
};

// Bytes of the head that `text` begins with, its empty line included; 0 while it is not complete.
size_t HeadLength(std::string_view text);

// Parses a complete head; nothing when it makes no sense.
std::optional<Head> ParseHead(std::string_view text);

std::optional<uint64_t> ParseDecimal(std::string_view text);

}  // namespace bench
