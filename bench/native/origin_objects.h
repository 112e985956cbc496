// What the origin serves: objects of one size, filled with the pattern, in memory files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "system.h"

namespace bench {

struct Object {
  UniqueFd fd;
  uint64_t bytes;
  // With its quotes.
  std::string entity_tag;
};

class Objects {
 public:
  // Makes `count` objects of `bytes` each, on all cores.
  Objects(uint64_t count, uint64_t bytes);

  // The object of `/objects/N`, or of any path that ends in `/objects/N`; nullptr when there is
  // none.
  const Object* Find(std::string_view path) const;

  // What Hugging Face's API says of a file, for any of them.
  std::string ToJson() const;

 private:
  std::vector<Object> objects_;
};

// Writes the bytes of `object` to a descriptor, from its beginning.
void WriteObject(int fd, uint64_t object, uint64_t bytes);

}  // namespace bench
