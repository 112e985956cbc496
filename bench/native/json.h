// One JSON object, written field by field in the order of the calls.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

class Json {
 public:
  Json& Integer(std::string_view key, uint64_t value);
  // `null` when it is not finite.
  Json& Number(std::string_view key, double value);
  Json& Text(std::string_view key, std::string_view value);
  Json& Object(std::string_view key, const Json& value);

  std::string ToString() const { return "{" + fields_ + "}"; }

 private:
  Json& Raw(std::string_view key, std::string_view value);

  std::string fields_;
};

}  // namespace bench
