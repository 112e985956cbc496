// Command lines of the bench programs: `--name value` pairs, all of them known beforehand.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace bench {

class Flags {
 public:
  // `defaults` names every flag that there is. Ends the program on any other, or on one without
  // value.
  Flags(int argc, char** argv, std::map<std::string, std::string> defaults);

  const std::string& Text(const std::string& name) const;
  uint64_t Count(const std::string& name) const;
  double Number(const std::string& name) const;
  // Split at commas.
  std::vector<std::string> List(const std::string& name) const;

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace bench
