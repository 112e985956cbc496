// Runs every stress program. Ends with an error if a check or ThreadSanitizer found something.
#include <cstdio>

#include "stress.h"

// ThreadSanitizer takes recv(socket, nullptr, count, MSG_TRUNC), which writes nothing, for a write
// to address 0. Drop in hit_server.cc is the one caller.
extern "C" const char* __tsan_default_suppressions() { return "race:Drop\n"; }

int main() {
  forebay::stress::StressPump();
  std::puts("pump: done");
  forebay::stress::StressHitServer();
  std::puts("hit server: done");
}
