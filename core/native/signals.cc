// Signals that Node.js has no handlers for: the real-time ones, and those that a fault of this process raises.
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>

#include "syscalls.h"

namespace rvrrpd {

namespace {

constexpr int kSignals = 65;
// By signal: what it counts as when it comes from outside, and who had it before.
volatile sig_atomic_t redirected[kSignals];
struct sigaction before[kSignals];

// The kernel's own struct, as far as it is the same on every machine that Node.js runs on: the handler is first.
struct KernelAction {
  unsigned long handler;
  unsigned long rest[7];
};
constexpr size_t kKernelSetSize = 8;

// Only calls that are allowed in a signal handler (man 7 signal-safety).
void OnSignal(int signal, siginfo_t* info, void* context) {
  const int error = errno;
  // kill(2), sigqueue(3) and tgkill(2) have codes of 0 and below; a fault has one above.
  if (info->si_code <= 0 && info->si_pid != getpid()) {
    kill(getpid(), redirected[signal]);
  } else if ((before[signal].sa_flags & SA_SIGINFO) != 0) {
    before[signal].sa_sigaction(signal, info, context);
  } else if (before[signal].sa_handler != SIG_DFL && before[signal].sa_handler != SIG_IGN) {
    before[signal].sa_handler(signal);
  } else {
    struct sigaction deadly = {};
    deadly.sa_handler = SIG_DFL;
    sigaction(signal, &deadly, nullptr);
    raise(signal);  // delivered when this handler returns
  }
  errno = error;
}

int SignalOf(const Napi::CallbackInfo& info, size_t index, const char* call) {
  const int signal = info[index].As<Napi::Number>().Int32Value();
  if (signal > 0 && signal < kSignals) return signal;
  throw SystemError(info.Env(), std::string(call) + "(" + std::to_string(signal) + ")", EINVAL);
}

// ignoreSignal(signal)
void IgnoreSignal(const Napi::CallbackInfo& info) {
  const int signal = SignalOf(info, 0, "sigaction");
  // Not sigaction(3): the C library refuses the two real-time signals that it keeps to itself. Where it has a handler
  // for them that stays; before it has one they would end the process.
  KernelAction action = {};
  long result = syscall(SYS_rt_sigaction, signal, nullptr, &action, kKernelSetSize);
  if (result == 0 && action.handler == reinterpret_cast<unsigned long>(SIG_DFL)) {
    action = {};
    action.handler = reinterpret_cast<unsigned long>(SIG_IGN);
    result = syscall(SYS_rt_sigaction, signal, &action, nullptr, kKernelSetSize);
  }
  if (result < 0) {
    throw SystemError(info.Env(), "rt_sigaction(" + std::to_string(signal) + ", SIG_IGN)", errno);
  }
}

// redirectSignal(signal, as)
void RedirectSignal(const Napi::CallbackInfo& info) {
  const int signal = SignalOf(info, 0, "sigaction");
  const int as = SignalOf(info, 1, "sigaction");
  const bool again = redirected[signal] != 0;
  redirected[signal] = as;
  if (again) return;
  struct sigaction action = {};
  action.sa_sigaction = OnSignal;
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  if (sigaction(signal, nullptr, &before[signal]) < 0 || sigaction(signal, &action, nullptr) < 0) {
    const int error = errno;
    redirected[signal] = 0;
    throw SystemError(info.Env(), "sigaction(" + std::to_string(signal) + ")", error);
  }
}

}  // namespace

void InitSignals(Napi::Env env, Napi::Object exports) {
  exports.Set("ignoreSignal", Napi::Function::New(env, IgnoreSignal));
  exports.Set("redirectSignal", Napi::Function::New(env, RedirectSignal));
}

}  // namespace rvrrpd
