#include "output_pipe.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "watch.h"

namespace track {
namespace {

// Whoever has it as its output may open it once more by its name, /dev/stderr, even if it runs as another user.
constexpr mode_t kMode = 0622;

// openPipe(): [descriptor to read, descriptor to write]
Napi::Value OpenPipe(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) throw SystemError(env, "pipe2(O_CLOEXEC)", errno);
  if (fchmod(ends[1], kMode) < 0) {
    const int error = errno;
    close(ends[0]);
    close(ends[1]);
    throw SystemError(env, "fchmod(pipe, 0622)", error);
  }
  Napi::Array result = Napi::Array::New(env, 2);
  result.Set(0u, Napi::Number::New(env, ends[0]));
  result.Set(1u, Napi::Number::New(env, ends[1]));
  return result;
}

// closeDescriptor(descriptor): one of them. Node.js complains of descriptors that it has not opened itself.
void CloseDescriptor(const Napi::CallbackInfo& info) {
  const int descriptor = info[0].As<Napi::Number>().Int32Value();
  if (close(descriptor) < 0 && errno != EINTR) {
    throw SystemError(info.Env(), "close(" + std::to_string(descriptor) + ")", errno);
  }
}

}  // namespace

void InitOutputPipe(Napi::Env env, Napi::Object exports) {
  exports.Set("openPipe", Napi::Function::New(env, OpenPipe));
  exports.Set("closeDescriptor", Napi::Function::New(env, CloseDescriptor));
}

}  // namespace track
