// What the origin answers to a request: RFC 9110's conditions and ranges. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http_head.h"
#include "origin_objects.h"

namespace bench {

struct Answer {
  std::string head;
  // The body: bytes of `object` from `offset` on; none when there is no object.
  const Object* object = nullptr;
  uint64_t offset = 0;
  uint64_t length = 0;
};

// The Last-Modified of every object.
inline constexpr std::string_view kLastModified = "Wed, 01 Jan 2025 00:00:00 GMT";

// To GET or HEAD of an object. `date` is the value of Date, `max_age` that of Cache-Control;
// `extra` is more fields, each with CRLF before it.
Answer AnswerObject(const Object& object, bool is_head, const Head& request, std::string_view date,
                    uint64_t max_age, std::string_view extra);

// A small answer without an object.
Answer AnswerText(std::string_view status, std::string_view text, std::string_view date);

}  // namespace bench
