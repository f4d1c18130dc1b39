/*
 * What the first stage asks of Linux: types, constants and one function for each system call. system.c makes the calls;
 * the tests put functions of their own in its place (test/first-stage/fake-system.c). Each returns the call's result, or
 * a negative errno. Nothing else of a C library is used.
 */
#ifndef FIRST_STAGE_SYSTEM_H
#define FIRST_STAGE_SYSTEM_H

#include <stddef.h>
#include <stdint.h>

enum {
  STDIN = 0,
  STDOUT = 1,
  STDERR = 2,
};

/* <linux/errno.h> */
enum {
  ENOENT_ = 2,
  EAGAIN_ = 11,
  ENOTDIR_ = 20,
};

/* The owner, type and permissions of a file: stx_uid and stx_mode of struct statx. */
struct file_status {
  uint32_t uid;
  uint16_t mode;
};

enum {
  TYPE_MASK = 0170000,
  TYPE_SOCKET = 0140000,
  TYPE_FILE = 0100000,
  TYPE_FOLDER = 0040000,
};

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t sys_milliseconds(void);

long sys_read(int descriptor, void *buffer, size_t size);
long sys_write(int descriptor, const void *bytes, size_t size);
/* O_RDONLY | O_CLOEXEC. */
long sys_open(const char *path);
long sys_close(int descriptor);
/* Whether the descriptor is open: 0, or EBADF. */
long sys_is_open(int descriptor);

/* statx(2) with type, mode and owner; `follow` says whether a symbolic link at the end of the path is followed. */
long sys_status(const char *path, int follow, struct file_status *status);
/* faccessat(2) with X_OK. */
long sys_may_execute(const char *path);
/* getcwd(2): the length with its zero. */
long sys_current_folder(char *buffer, size_t size);

/* socket(2): AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, and SO_SNDTIMEO, which bounds connect(2) and send(2) too. */
long sys_socket(int64_t limit_ms);
/* connect(2) to a socket's path of at most 107 bytes. */
long sys_connect(int descriptor, const char *path);
/* SO_PEERCRED: the user id of the process that listens. */
long sys_peer(int descriptor, uint32_t *uid);
/* sendmsg(2) of two pieces in one message, with MSG_NOSIGNAL. */
long sys_send(int descriptor, const void *head, size_t head_size, const void *body, size_t body_size);
/* ppoll(2) for POLLIN, or POLLOUT: the number of ready descriptors, 0 after `limit_ms`. */
long sys_wait(int descriptor, int for_writing, int64_t limit_ms);

/* prlimit(2): the bytes that the stack may grow to, with the arguments and variables; 0 if that is not known. */
uint64_t sys_stack_limit(void);
uint32_t sys_user(void);
int32_t sys_process(void);
int32_t sys_parent(void);
/* getrandom(2). */
long sys_random(void *bytes, size_t size);
/* PR_SET_DUMPABLE: 0 keeps this process's memory out of core files and from other processes of the user. */
long sys_close_memory(void);
/* Sets what the signal does and stores what it did: struct sigaction as the kernel has it. */
struct signal_action {
  uint64_t handler, flags, restorer, mask;
};
enum { SIGNAL_IGNORED = 1, SIGNAL_PIPE = 13, SIGNAL_FILE_SIZE = 25 };
void sys_set_signal(int signal, const struct signal_action *next, struct signal_action *before);
/* memfd_create(2) with MFD_CLOEXEC; an error also where too few descriptors would be left for the runtime. */
long sys_memory_file(const char *name);
long sys_become(const char *file, const char *const *arguments, const char *const *environment);
_Noreturn void sys_exit(int code);

#endif
