// Drops the pages of every file below a directory from the page cache, after writing dirty ones
// back (POSIX_FADV_DONTNEED passes those over). Prints how many bytes there are, and how many
// stayed: pages that a process has mapped do.
#include <fcntl.h>
#include <ftw.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <vector>

#include "flags.h"
#include "json.h"
#include "system.h"

namespace bench {
namespace {

struct Totals {
  uint64_t files = 0;
  uint64_t bytes = 0;
  uint64_t resident = 0;
};

// nftw has no argument of the caller's for its callback.
Totals totals;

uint64_t ResidentBytes(int fd, uint64_t bytes) {
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  void* address = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd, 0);
  if (address == MAP_FAILED) return 0;
  std::vector<unsigned char> pages((bytes + page - 1) / page);
  uint64_t resident = 0;
  if (mincore(address, bytes, pages.data()) == 0) {
    for (const unsigned char flags : pages) resident += (flags & 1) * page;
  }
  munmap(address, bytes);
  return resident;
}

int Evict(const char* path, const struct stat* status, int kind, FTW*) {
  if (kind != FTW_F || !S_ISREG(status->st_mode) || status->st_size == 0) return 0;
  const UniqueFd fd(open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  // A server may have removed it meanwhile.
  if (fd.get() < 0) return 0;
  (void)fdatasync(fd.get());
  (void)posix_fadvise(fd.get(), 0, 0, POSIX_FADV_DONTNEED);
  const auto bytes = static_cast<uint64_t>(status->st_size);
  totals.files += 1;
  totals.bytes += bytes;
  totals.resident += ResidentBytes(fd.get(), bytes);
  return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  const bench::Flags flags(argc, argv, {{"directory", ""}});
  constexpr int kDescriptors = 16;
  const char* directory = flags.Text("directory").c_str();
  bench::Check(nftw(directory, bench::Evict, kDescriptors, FTW_PHYS), directory);
  bench::Json json;
  json.Integer("files", bench::totals.files).Integer("bytes", bench::totals.bytes);
  json.Integer("residentBytes", bench::totals.resident);
  std::printf("%s\n", json.ToString().c_str());
  return 0;
}
