#include "children.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <set>

namespace track {
namespace {

constexpr int kPatienceMs = 500;  // what was sent SIGKILL ends in a moment, unless the kernel itself is stuck

// Those of one thread.
class Children {
 public:
  ~Children() {
    for (const pid_t pid : guarded_) kill(-pid, SIGKILL);
    for (const pid_t pid : guarded_) Reap(pid);
  }
  void Guard(pid_t pid) { guarded_.insert(pid); }
  void Release(pid_t pid) { guarded_.erase(pid); }

 private:
  // Nobody else will: libuv forgets the children of a loop that ends.
  static void Reap(pid_t pid) {
    const timespec pause = {0, 1000000};
    for (int i = 0; i < kPatienceMs && waitpid(pid, nullptr, WNOHANG) == 0; i++) nanosleep(&pause, nullptr);
  }

  std::set<pid_t> guarded_;
};

// closeAtExec(): with kernels before 5.11 those that were inherited stay
void CloseAtExec(const Napi::CallbackInfo&) {
  constexpr unsigned kCloseRange = 436;  // the call's number, the same on all processors
  constexpr unsigned kOnlyAtExec = 4;    // CLOSE_RANGE_CLOEXEC
  syscall(kCloseRange, static_cast<unsigned>(STDERR_FILENO + 1), ~0u, kOnlyAtExec);
}

pid_t Argument(const Napi::CallbackInfo& info) {
  if (!info[0].IsNumber()) throw Napi::TypeError::New(info.Env(), "pid: number");
  const int pid = info[0].As<Napi::Number>().Int32Value();
  if (pid <= 1) throw Napi::RangeError::New(info.Env(), "pid: of a child");
  return pid;
}

}  // namespace

void InitChildren(Napi::Env env, Napi::Object exports) {
  auto* children = new Children();
  // Called when the thread ends, however it does.
  napi_add_env_cleanup_hook(env, [](void* all) { delete static_cast<Children*>(all); }, children);
  exports.Set("closeAtExec", Napi::Function::New(env, CloseAtExec));
  exports.Set("guardChild", Napi::Function::New(env, [children](const Napi::CallbackInfo& info) {
                children->Guard(Argument(info));
              }));
  exports.Set("releaseChild", Napi::Function::New(env, [children](const Napi::CallbackInfo& info) {
                children->Release(Argument(info));
              }));
}

}  // namespace track
