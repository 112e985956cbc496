#include "flags.h"

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <utility>

#include "system.h"

namespace bench {

namespace {

[[noreturn]] void Refuse(const std::string& message) {
  errno = 0;
  Die(message.c_str());
}

}  // namespace

Flags::Flags(int argc, char** argv, std::map<std::string, std::string> defaults)
    : values_(std::move(defaults)) {
  for (int index = 1; index < argc; index += 2) {
    const std::string argument = argv[index];
    const bool known = argument.starts_with("--") && values_.contains(argument.substr(2));
    if (!known) Refuse("unknown flag: " + argument);
    if (index + 1 >= argc) Refuse("no value: " + argument);
    values_[argument.substr(2)] = argv[index + 1];
  }
}

const std::string& Flags::Text(const std::string& name) const { return values_.at(name); }

uint64_t Flags::Count(const std::string& name) const {
  const std::string& text = Text(name);
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    Refuse("--" + name + " is a whole number, not " + text);
  }
  return value;
}

double Flags::Number(const std::string& name) const {
  const std::string& text = Text(name);
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(value >= 0)) {
    Refuse("--" + name + " is a number, not " + text);
  }
  return value;
}

std::vector<std::string> Flags::List(const std::string& name) const {
  std::vector<std::string> items;
  const std::string& text = Text(name);
  for (size_t begin = 0; begin <= text.size() && !text.empty();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    items.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return items;
}

}  // namespace bench
