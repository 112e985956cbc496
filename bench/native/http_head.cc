#include "http_head.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace bench {

namespace {

bool EqualsLowerCase(std::string_view name, std::string_view lower_case) {
  return std::equal(name.begin(), name.end(), lower_case.begin(), lower_case.end(),
                    [](unsigned char given, char wanted) { return std::tolower(given) == wanted; });
}

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace

std::optional<std::string_view> Head::Field(std::string_view lower_case_name) const {
  for (const auto& [name, value] : fields) {
    if (EqualsLowerCase(name, lower_case_name)) return value;
  }
  return std::nullopt;
}

size_t HeadLength(std::string_view text) {
  const size_t end = text.find("\r\n\r\n");
  return end == std::string_view::npos ? 0 : end + 4;
}

std::optional<Head> ParseHead(std::string_view text) {
  Head head;
  size_t end = text.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  head.start_line = text.substr(0, end);
  for (size_t begin = end + 2; begin < text.size(); begin = end + 2) {
    end = text.find("\r\n", begin);
    if (end == std::string_view::npos) return std::nullopt;
    if (end == begin) return head;
    const std::string_view line = text.substr(begin, end - begin);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    head.fields.emplace_back(line.substr(0, colon), Trim(line.substr(colon + 1)));
  }
  return std::nullopt;
}

std::optional<uint64_t> ParseDecimal(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole ? std::optional(value) : std::nullopt;
}

}  // namespace bench
