#include "origin_objects.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "http_head.h"
#include "json.h"
#include "pattern.h"

namespace bench {

namespace {

// Of one write: see native/core/files.cc on why not larger.
constexpr size_t kWriteBytes = size_t{16} << 10;

}  // namespace

void WriteObject(int fd, uint64_t object, uint64_t bytes) {
  std::vector<uint8_t> buffer(kWriteBytes);
  for (uint64_t offset = 0; offset < bytes;) {
    const size_t count = std::min<uint64_t>(buffer.size(), bytes - offset);
    FillPattern(object, offset, {buffer.data(), count});
    for (size_t done = 0; done < count;) {
      const ssize_t written = write(fd, buffer.data() + done, count - done);
      done += static_cast<size_t>(Check(static_cast<int>(written), "write"));
    }
    offset += count;
  }
}

Objects::Objects(uint64_t count, uint64_t bytes) {
  for (uint64_t index = 0; index < count; index += 1) {
    UniqueFd fd(Check(memfd_create("forebay-bench-object", MFD_CLOEXEC), "memfd_create"));
    const std::string tag =
        "\"object-" + std::to_string(index) + "-" + std::to_string(bytes) + "\"";
    objects_.push_back({std::move(fd), bytes, tag});
  }
  std::vector<std::jthread> threads;
  for (uint64_t index = 0; index < count; index += 1) {
    threads.emplace_back(
        [this, index] { WriteObject(objects_[index].fd.get(), index, objects_[index].bytes); });
  }
}

const Object* Objects::Find(std::string_view path) const {
  constexpr std::string_view kFolder = "/objects/";
  const size_t folder = path.rfind(kFolder);
  if (folder == std::string_view::npos) return nullptr;
  const auto index = ParseDecimal(path.substr(folder + kFolder.size()));
  return index && *index < objects_.size() ? &objects_[*index] : nullptr;
}

std::string Objects::ToJson() const {
  Json json;
  json.Text("type", "file").Integer("size", objects_.empty() ? 0 : objects_.front().bytes);
  return json.ToString();
}

}  // namespace bench
