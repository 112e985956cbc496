// The error with which native/core reports a failed system call: its errno and the call's name.
#ifndef FOREBAY_CORE_SYSTEM_ERROR_H_
#define FOREBAY_CORE_SYSTEM_ERROR_H_

#include <cerrno>

namespace forebay {

// True as a bool when the call failed. `call` is a string literal.
struct [[nodiscard]] SystemError {
  int number = 0;
  const char* call = "";

  explicit operator bool() const { return number != 0; }
};

// Returns the error of the system call that has just failed.
inline SystemError LastError(const char* call) { return {errno, call}; }

}  // namespace forebay

#endif  // FOREBAY_CORE_SYSTEM_ERROR_H_
