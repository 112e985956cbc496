// The limits that no cache on this machine can pass: memory, loopback, sendfile without HTTP, disk.
// Prints one JSON object of GB/s and CPU seconds per GB.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "flags.h"
#include "json.h"
#include "limits_transfer.h"
#include "origin_objects.h"
#include "system.h"

namespace bench {
namespace {

// More than any cache holds.
constexpr size_t kMemcpyBytes = size_t{256} << 20;

double GigabytesPerSecond(uint64_t bytes, uint64_t begin) {
  return static_cast<double>(bytes) / static_cast<double>(NowNs() - begin);
}

// One thread; bytes copied, so memory moves twice as many.
double MeasureMemcpy() {
  std::vector<uint8_t> from(kMemcpyBytes, 1);
  std::vector<uint8_t> to(kMemcpyBytes, 2);
  double best = 0;
  for (int trial = 0; trial < 5; trial += 1) {
    const uint64_t begin = NowNs();
    std::memcpy(to.data(), from.data(), kMemcpyBytes);
    // The compiler may not drop a copy whose end is looked at.
    if (to[kMemcpyBytes - 1] != 1) Die("memcpy did not copy");
    best = std::max(best, GigabytesPerSecond(kMemcpyBytes, begin));
  }
  return best;
}

// The whole file, by reads of 1 MiB; from the disk when `cold`.
double MeasureRead(int file, uint64_t bytes, bool cold) {
  if (cold) (void)posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  std::vector<uint8_t> buffer(size_t{1} << 20);
  const uint64_t begin = NowNs();
  for (uint64_t done = 0; done < bytes;) {
    const ssize_t count = pread(file, buffer.data(), buffer.size(), static_cast<off_t>(done));
    if (count <= 0) Die("pread");
    done += static_cast<uint64_t>(count);
  }
  return GigabytesPerSecond(bytes, begin);
}

Json ToJson(const Transfer& transfer) {
  Json json;
  json.Number("gigabytesPerSecond", transfer.gigabytes_per_second);
  json.Number("cpuSecondsPerGigabyte", transfer.cpu_seconds_per_gigabyte);
  return json;
}

int Main(int argc, char** argv) {
  const Flags flags(argc, argv, {{"directory", ""}, {"bytes", "1073741824"}});
  const uint64_t bytes = flags.Count("bytes");
  const std::string path = flags.Text("directory") + "/limits";
  const UniqueFd file(
      Check(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), path.c_str()));
  Check(unlink(path.c_str()), "unlink");
  Json json;
  json.Number("memcpy", MeasureMemcpy());
  uint64_t begin = NowNs();
  WriteObject(file.get(), 0, bytes);
  json.Number("diskWriteToCache", GigabytesPerSecond(bytes, begin));
  Check(fdatasync(file.get()), "fdatasync");
  json.Number("diskWriteSynced", GigabytesPerSecond(bytes, begin));
  json.Number("diskReadCold", MeasureRead(file.get(), bytes, true));
  json.Number("pageCacheRead", MeasureRead(file.get(), bytes, false));
  const unsigned cores = std::thread::hardware_concurrency();
  for (const unsigned connections : {1U, cores}) {
    const std::string suffix = std::to_string(connections);
    const auto measure = [&](Source source) {
      return ToJson(MeasureTransfer(source, file.get(), bytes, connections));
    };
    json.Object("sendfile" + suffix, measure(Source::kSendfile));
    json.Object("send" + suffix, measure(Source::kSend));
    if (cores == 1) break;
  }
  json.Integer("cores", cores).Integer("bytes", bytes);
  std::printf("%s\n", json.ToString().c_str());
  return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) { return bench::Main(argc, argv); }
