// Writes one object of the bench's pattern to a file: what a static server serves.
#include <fcntl.h>

#include "flags.h"
#include "origin_objects.h"
#include "system.h"

int main(int argc, char** argv) {
  using bench::Check;
  const bench::Flags flags(argc, argv, {{"object", "0"}, {"bytes", "0"}, {"out", ""}});
  const char* path = flags.Text("out").c_str();
  const bench::UniqueFd fd(Check(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), path));
  bench::WriteObject(fd.get(), flags.Count("object"), flags.Count("bytes"));
  return 0;
}
