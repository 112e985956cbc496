// Connections that did one request and then do nothing: what a server keeps of them is its
// business.
#pragma once

#include <cstdint>
#include <vector>

#include "load_options.h"
#include "system.h"

namespace bench {

class IdleConnections {
 public:
  // Opens them one after the other; each asks for the first byte and takes the response in.
  explicit IdleConnections(const Options& options);

  uint64_t opened() const { return connections_.size(); }
  // Those that the server has closed, or that got no right answer at the beginning.
  uint64_t CountLost() const;

 private:
  uint64_t refused_ = 0;
  std::vector<UniqueFd> connections_;
};

}  // namespace bench
