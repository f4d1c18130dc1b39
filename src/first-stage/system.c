/* The system calls of Linux on x86-64 and arm64, without a C library. */
#include "system.h"

#if defined(__x86_64__)
enum {
  NR_READ = 0,
  NR_WRITE = 1,
  NR_CLOSE = 3,
  NR_RT_SIGACTION = 13,
  NR_GETPID = 39,
  NR_SOCKET = 41,
  NR_CONNECT = 42,
  NR_SENDMSG = 46,
  NR_SETSOCKOPT = 54,
  NR_GETSOCKOPT = 55,
  NR_EXECVE = 59,
  NR_FCNTL = 72,
  NR_GETCWD = 79,
  NR_GETEUID = 107,
  NR_GETPPID = 110,
  NR_PRCTL = 157,
  NR_CLOCK_GETTIME = 228,
  NR_EXIT_GROUP = 231,
  NR_OPENAT = 257,
  NR_FACCESSAT = 269,
  NR_PPOLL = 271,
  NR_PRLIMIT64 = 302,
  NR_GETRANDOM = 318,
  NR_MEMFD_CREATE = 319,
  NR_STATX = 332,
};

static long call(long number, long a, long b, long c, long d, long e) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                   : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
enum {
  NR_GETCWD = 17,
  NR_FCNTL = 25,
  NR_FACCESSAT = 48,
  NR_OPENAT = 56,
  NR_CLOSE = 57,
  NR_READ = 63,
  NR_WRITE = 64,
  NR_PPOLL = 73,
  NR_EXIT_GROUP = 94,
  NR_CLOCK_GETTIME = 113,
  NR_RT_SIGACTION = 134,
  NR_PRCTL = 167,
  NR_GETPID = 172,
  NR_GETPPID = 173,
  NR_GETEUID = 175,
  NR_SOCKET = 198,
  NR_CONNECT = 203,
  NR_SETSOCKOPT = 208,
  NR_GETSOCKOPT = 209,
  NR_SENDMSG = 211,
  NR_EXECVE = 221,
  NR_PRLIMIT64 = 261,
  NR_GETRANDOM = 278,
  NR_MEMFD_CREATE = 279,
  NR_STATX = 291,
};

static long call(long number, long a, long b, long c, long d, long e) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
  return x0;
}
#else
#error "expected x86-64 or arm64"
#endif

enum {
  AT_FDCWD = -100,
  AT_SYMLINK_NOFOLLOW = 0x100,
  O_CLOEXEC = 02000000,
  F_GETFD = 1,
  F_DUPFD_CLOEXEC = 1030,
  /* What the runtime opens to start, with some to spare. */
  DESCRIPTORS_OF_RUNTIME = 8,
  X_OK = 1,
  RLIMIT_STACK = 3,
  STATX_TYPE_MODE_UID = 0xb,
  AF_UNIX = 1,
  SOCK_STREAM_CLOEXEC = 02000001,
  SOL_SOCKET = 1,
  SO_PEERCRED = 17,
  SO_SNDTIMEO = 21,
  MSG_NOSIGNAL = 0x4000,
  POLLIN = 1,
  POLLOUT = 4,
  CLOCK_MONOTONIC = 1,
  PR_SET_DUMPABLE = 4,
  MFD_CLOEXEC = 1,
};

struct time {
  int64_t seconds;
  int64_t fraction; /* nanoseconds in struct timespec, microseconds in struct timeval */
};

static long address(const void *pointer) { return (long)pointer; }

int64_t sys_milliseconds(void) {
  struct time now = {0, 0};
  call(NR_CLOCK_GETTIME, CLOCK_MONOTONIC, address(&now), 0, 0, 0);
  return now.seconds * 1000 + now.fraction / 1000000;
}

long sys_read(int descriptor, void *buffer, size_t size) {
  return call(NR_READ, descriptor, address(buffer), (long)size, 0, 0);
}

long sys_write(int descriptor, const void *bytes, size_t size) {
  return call(NR_WRITE, descriptor, address(bytes), (long)size, 0, 0);
}

long sys_open(const char *path) { return call(NR_OPENAT, AT_FDCWD, address(path), O_CLOEXEC, 0, 0); }

long sys_close(int descriptor) { return call(NR_CLOSE, descriptor, 0, 0, 0, 0); }

long sys_is_open(int descriptor) {
  long flags = call(NR_FCNTL, descriptor, F_GETFD, 0, 0, 0);
  return flags < 0 ? flags : 0;
}

long sys_status(const char *path, int follow, struct file_status *status) {
  /* struct statx, of which the fields up to stx_mode matter. */
  struct {
    uint32_t mask, block_size;
    uint64_t attributes;
    uint32_t links, uid, gid;
    uint16_t mode, spare;
    uint64_t rest[28];
  } found = {0};
  long result = call(NR_STATX, AT_FDCWD, address(path), follow ? 0 : AT_SYMLINK_NOFOLLOW, STATX_TYPE_MODE_UID,
                     address(&found));
  status->uid = found.uid;
  status->mode = found.mode;
  if (result == 0 && (found.mask & STATX_TYPE_MODE_UID) != STATX_TYPE_MODE_UID) return -1;
  return result;
}

long sys_may_execute(const char *path) { return call(NR_FACCESSAT, AT_FDCWD, address(path), X_OK, 0, 0); }

long sys_current_folder(char *buffer, size_t size) { return call(NR_GETCWD, address(buffer), (long)size, 0, 0, 0); }

long sys_socket(int64_t limit_ms) {
  long descriptor = call(NR_SOCKET, AF_UNIX, SOCK_STREAM_CLOEXEC, 0, 0, 0);
  if (descriptor < 0) return descriptor;
  struct time limit = {limit_ms / 1000, limit_ms % 1000 * 1000};
  long result = call(NR_SETSOCKOPT, descriptor, SOL_SOCKET, SO_SNDTIMEO, address(&limit), sizeof limit);
  if (result == 0) return descriptor;
  sys_close((int)descriptor);
  return result;
}

long sys_connect(int descriptor, const char *path) {
  struct {
    uint16_t family;
    char path[108];
  } name = {AF_UNIX, {0}};
  size_t length = 0;
  for (; path[length] != 0; length++) {
    if (length == sizeof name.path - 1) return -36; /* ENAMETOOLONG */
    name.path[length] = path[length];
  }
  return call(NR_CONNECT, descriptor, address(&name), (long)(offsetof(__typeof__(name), path) + length + 1), 0, 0);
}

long sys_peer(int descriptor, uint32_t *uid) {
  struct {
    int32_t pid;
    uint32_t uid, gid;
  } peer = {0, 0, 0};
  uint32_t size = sizeof peer;
  long result = call(NR_GETSOCKOPT, descriptor, SOL_SOCKET, SO_PEERCRED, address(&peer), address(&size));
  *uid = peer.uid;
  return result == 0 && size == sizeof peer ? 0 : -1;
}

long sys_send(int descriptor, const void *head, size_t head_size, const void *body, size_t body_size) {
  struct {
    const void *bytes;
    size_t size;
  } pieces[2] = {{head, head_size}, {body, body_size}};
  /* struct msghdr */
  struct {
    void *name;
    uint64_t name_size;
    void *pieces;
    uint64_t count;
    void *control;
    uint64_t control_size;
    uint64_t flags;
  } message = {NULL, 0, pieces, 2, NULL, 0, 0};
  return call(NR_SENDMSG, descriptor, address(&message), MSG_NOSIGNAL, 0, 0);
}

long sys_wait(int descriptor, int for_writing, int64_t limit_ms) {
  struct {
    int32_t descriptor;
    int16_t wanted, ready;
  } poll = {descriptor, for_writing ? POLLOUT : POLLIN, 0};
  struct time limit = {limit_ms / 1000, limit_ms % 1000 * 1000000};
  return call(NR_PPOLL, address(&poll), 1, address(&limit), 0, 8);
}

uint64_t sys_stack_limit(void) {
  uint64_t limits[2] = {0, 0};
  return call(NR_PRLIMIT64, 0, RLIMIT_STACK, 0, address(limits), 0) == 0 ? limits[0] : 0;
}

uint32_t sys_user(void) { return (uint32_t)call(NR_GETEUID, 0, 0, 0, 0, 0); }

int32_t sys_process(void) { return (int32_t)call(NR_GETPID, 0, 0, 0, 0, 0); }

int32_t sys_parent(void) { return (int32_t)call(NR_GETPPID, 0, 0, 0, 0, 0); }

long sys_random(void *bytes, size_t size) { return call(NR_GETRANDOM, address(bytes), (long)size, 0, 0, 0); }

long sys_close_memory(void) { return call(NR_PRCTL, PR_SET_DUMPABLE, 0, 0, 0, 0); }

void sys_set_signal(int signal, const struct signal_action *next, struct signal_action *before) {
  call(NR_RT_SIGACTION, signal, address(next), address(before), sizeof next->mask, 0);
}

long sys_memory_file(const char *name) {
  long file = call(NR_MEMFD_CREATE, address(name), MFD_CLOEXEC, 0, 0, 0);
  if (file < 0) return file;
  /* One descriptor that is certainly free says that those below it can be had too. */
  long last = call(NR_FCNTL, file, F_DUPFD_CLOEXEC, file + DESCRIPTORS_OF_RUNTIME, 0, 0);
  sys_close((int)(last < 0 ? file : last));
  return last < 0 ? last : file;
}

long sys_become(const char *file, const char *const *arguments, const char *const *environment) {
  return call(NR_EXECVE, address(file), address(arguments), address(environment), 0, 0);
}

_Noreturn void sys_exit(int code) {
  for (;;) call(NR_EXIT_GROUP, code, 0, 0, 0, 0);
}
