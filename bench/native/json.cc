#include "json.h"

#include <cmath>
#include <cstdio>

namespace bench {

namespace {

std::string Quote(std::string_view text) {
  std::string out = "\"";
  for (const char character : text) {
    const auto code = static_cast<unsigned char>(character);
    if (character == '"' || character == '\\') {
      out += '\\';
      out += character;
    } else if (code < 0x20 || code > 0x7e) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", code);
      out += escaped;
    } else {
      out += character;
    }
  }
  return out + "\"";
}

}  // namespace

Json& Json::Integer(std::string_view key, uint64_t value) {
  return Raw(key, std::to_string(value));
}

Json& Json::Number(std::string_view key, double value) {
  if (!std::isfinite(value)) return Raw(key, "null");
  char text[40];
  std::snprintf(text, sizeof text, "%.9g", value);
  return Raw(key, text);
}

Json& Json::Text(std::string_view key, std::string_view value) { return Raw(key, Quote(value)); }

Json& Json::Object(std::string_view key, const Json& value) { return Raw(key, value.ToString()); }

Json& Json::Raw(std::string_view key, std::string_view value) {
  if (!fields_.empty()) fields_ += ',';
  fields_ += Quote(key);
  fields_ += ':';
  fields_ += value;
  return *this;
}

}  // namespace bench
