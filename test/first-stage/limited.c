/*
 * `limited KIND VALUE… -- COMMAND…` starts the command with less than usual:
 *   deny NUMBER ERRNO   the system call with this number fails with the error
 *   limit RESOURCE N    setrlimit(2)
 *   close N             a descriptor is closed
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static void deny(unsigned number, unsigned error) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
    perror("seccomp");
    exit(120);
  }
}

int main(int count, char **words) {
  int index = 1;
  for (; index + 2 < count && strcmp(words[index], "--") != 0; index += 3) {
    unsigned first = (unsigned)strtoul(words[index + 1], NULL, 10);
    unsigned long second = strtoul(words[index + 2], NULL, 10);
    if (strcmp(words[index], "deny") == 0) {
      deny(first, (unsigned)second);
    } else if (strcmp(words[index], "limit") == 0) {
      struct rlimit limit = {second, second};
      if (setrlimit((int)first, &limit) != 0) {
        perror("setrlimit");
        return 120;
      }
    } else {
      for (unsigned descriptor = first; descriptor <= second; descriptor++) close((int)descriptor);
    }
  }
  execv(words[index + 1], words + index + 1);
  return 121;
}
