// How native/core reports a failed system call: the errno and which call it was.
#ifndef FOREBAY_CORE_SYSTEM_ERROR_H_
#define FOREBAY_CORE_SYSTEM_ERROR_H_

#include <cerrno>

namespace forebay {

// True when something failed. `call` is a string literal.
struct [[nodiscard]] SystemError {
  int number = 0;
  const char* call = "";

  explicit operator bool() const { return number != 0; }
};

// The failure of the call that was just made.
inline SystemError LastError(const char* call) { return {errno, call}; }

}  // namespace forebay

#endif  // FOREBAY_CORE_SYSTEM_ERROR_H_
