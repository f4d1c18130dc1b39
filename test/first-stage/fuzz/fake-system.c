/* The system calls of the first stage, answered by the world. */
#include <string.h>
#include "system.h"
#include "world.h"

/* No input needs more; a loop without an end does. Writes to a full pipe are tried for ten seconds. */
enum { MAX_CALLS = 60000 };

static long call(void) {
  world.now_ms += world.step_ms;
  expect(++world.calls < MAX_CALLS, "a bounded number of system calls");
  return world.calls == world.fault_at ? world.fault : 0;
}

/* Of AddressSanitizer; MemorySanitizer has none. */
__attribute__((weak)) void *__asan_region_is_poisoned(void *bytes, size_t size);

/* The whole of what the kernel may write into must be the caller's. */
static void expect_room(void *buffer, size_t size) {
  expect(__asan_region_is_poisoned == NULL || __asan_region_is_poisoned(buffer, size) == NULL, "a buffer that is as large as it is said to be");
}

int64_t sys_milliseconds(void) {
  call();
  return world.now_ms;
}

static long read_next(struct stream *stream, void *buffer, size_t size) {
  if (stream->next == stream->count) return 0;
  struct bytes *part = &stream->parts[stream->next];
  size_t count = part->size < size ? part->size : size;
  memcpy(buffer, part->at, count);
  part->at += count;
  part->size -= count;
  if (part->size == 0) stream->next++;
  return (long)count;
}

long sys_read(int descriptor, void *buffer, size_t size) {
  expect_room(buffer, size);
  long fault = call();
  if (fault != 0) return fault;
  if (descriptor == STDIN) {
    expect(variable_of("VOUCH_IDENTITY") == NULL || *variable_of("VOUCH_IDENTITY") == 0, "no stdin read for a job");
    long count = read_next(&world.input, buffer, size);
    if (count > 0) {
      expect(world.read_count < MAX_READS, "a bounded number of requests");
      world.reads[world.read_count++] = (size_t)count;
      add_bytes(&world.input_read, buffer, (size_t)count);
    }
    return count;
  }
  if (descriptor == COMMAND_LINE) {
    expect(world.is_command_line_open, "an open file");
    size_t count = world.command_line.size < size ? world.command_line.size : size;
    memcpy(buffer, world.command_line.at, count);
    return (long)count;
  }
  expect(descriptor == CONNECTION && world.is_connected && world.was_sent, "an answer read after its request");
  long count = read_next(&world.answers[world.connections - 1], buffer, size);
  if (count > 0) add_bytes(&world.received, buffer, (size_t)count);
  return count;
}

long sys_write(int descriptor, const void *bytes, size_t size) {
  expect(size > 0, "no empty write");
  long fault = call();
  if (fault != 0) return fault;
  size_t count = size < world.write_limit ? size : world.write_limit;
  if (descriptor == STDOUT) {
    check_output(bytes, size);
    if (world.full_writes > 0 && world.output.size > 0) {
      world.full_writes--;
      return -EAGAIN_;
    }
    add_bytes(&world.output, bytes, count);
    if (count == size) {
      world.said = world.output.size;
      world.answered = world.connections;
    }
    return (long)count;
  }
  expect(descriptor == world.memory_file && world.is_memory_file_open, "writes to stdout and the memory file alone");
  add_bytes(&world.handed_over, bytes, count);
  return (long)count;
}

long sys_open(const char *path) {
  expect(strcmp(path, "/proc/4141/cmdline") == 0, "no file opened but the parent's command line");
  long fault = call();
  if (fault != 0) return fault;
  world.is_command_line_open = 1;
  return COMMAND_LINE;
}

long sys_close(int descriptor) {
  call();
  int *is_open = descriptor == CONNECTION     ? &world.is_connected
                 : descriptor == COMMAND_LINE ? &world.is_command_line_open
                                              : &world.is_memory_file_open;
  expect(descriptor == CONNECTION || descriptor == COMMAND_LINE || descriptor == world.memory_file, "a descriptor of ours");
  expect(*is_open, "no descriptor closed twice");
  *is_open = 0;
  return 0;
}

long sys_is_open(int descriptor) {
  long fault = call();
  if (fault != 0) return fault;
  return descriptor == world.closed_descriptor ? -9 : 0;
}

long sys_status(const char *path, int follow, struct file_status *status) {
  expect_room(status, sizeof *status);
  expect(path[0] != 0, "a path");
  long fault = call();
  if (fault != 0) return fault;
  const struct file *file = file_at(path);
  if (file == NULL) return -2;
  int is_link = file->is_link && !follow && path[strlen(path) - 1] != '/';
  *status = (struct file_status){file->uid, is_link ? 0120777 : file->mode};
  return 0;
}

long sys_may_execute(const char *path) {
  long fault = call();
  if (fault != 0) return fault;
  return file_at(path) != NULL && world.is_program ? 0 : -13;
}

long sys_current_folder(char *buffer, size_t size) {
  expect_room(buffer, size);
  long fault = call();
  if (fault != 0) return fault;
  size_t length = world.current_folder.size;
  if (length > size) return -34;
  memcpy(buffer, world.current_folder.at, length);
  return (long)length;
}

long sys_socket(int64_t limit_ms) {
  expect(limit_ms > 0 && limit_ms <= 30000, "a limit of time");
  expect(world.is_memory_closed, "memory closed to others before there is a secret");
  long fault = call();
  if (fault != 0) return fault;
  expect(!world.is_connected && world.connections < MAX_EXCHANGES, "one connection at a time");
  world.is_connected = 1;
  world.was_sent = 0;
  world.connected_path[0] = 0;
  world.connections++;
  world.received.size = 0;
  world.request.size = 0;
  return CONNECTION;
}

long sys_connect(int descriptor, const char *path) {
  expect(descriptor == CONNECTION && world.is_connected && strlen(path) <= 107, "a path that fits");
  long fault = call();
  if (fault != 0) return fault;
  const struct file *file = file_at(path);
  if (file == NULL || (file->mode & TYPE_MASK) != TYPE_SOCKET) return -111;
  strcpy(world.connected_path, path);
  return 0;
}

long sys_peer(int descriptor, uint32_t *uid) {
  expect(descriptor == CONNECTION && world.is_connected, "a connection");
  long fault = call();
  if (fault != 0) return fault;
  *uid = world.peer;
  return 0;
}

long sys_send(int descriptor, const void *head, size_t head_size, const void *body, size_t body_size) {
  expect(descriptor == CONNECTION && world.is_connected, "a connection");
  add_bytes(&world.request, head, head_size);
  add_bytes(&world.request, body, body_size);
  check_request(head, head_size, body, body_size);
  long fault = call();
  if (fault != 0) return fault;
  world.was_sent = 1;
  size_t size = head_size + body_size;
  return (long)(size < world.write_limit * 64 ? size : world.write_limit * 64);
}

long sys_wait(int descriptor, int for_writing, int64_t limit_ms) {
  expect(limit_ms > 0 && limit_ms <= 30000, "a limit of time");
  expect(for_writing ? descriptor == STDOUT : descriptor == CONNECTION, "a descriptor that is waited for");
  long fault = call();
  if (fault != 0) return fault;
  if (for_writing) return 1;
  const struct stream *answer = &world.answers[world.connections - 1];
  if (answer->next < answer->count || !world.is_silent) return 1;
  world.now_ms += limit_ms;
  return 0;
}

uint64_t sys_stack_limit(void) { return call() == 0 ? UINT64_MAX : 0; }
uint32_t sys_user(void) { return USER; }
int32_t sys_process(void) { return PROCESS; }
int32_t sys_parent(void) { return PARENT; }

long sys_random(void *bytes, size_t size) {
  expect_room(bytes, size);
  long fault = call();
  if (fault != 0) return fault;
  memset(bytes, 0xa5, size);
  return (long)size;
}

long sys_close_memory(void) {
  long fault = call();
  if (fault == 0) world.is_memory_closed = 1;
  return fault;
}

void sys_set_signal(int signal, const struct signal_action *next, struct signal_action *before) {
  int *is_ignored = signal == SIGNAL_PIPE ? &world.is_pipe_ignored : &world.is_size_ignored;
  *before = (struct signal_action){*is_ignored ? SIGNAL_IGNORED : 0, 0, 0, 0};
  *is_ignored = next->handler == SIGNAL_IGNORED;
}

long sys_memory_file(const char *name) {
  expect(strlen(name) < 250, "a name");
  long fault = call();
  if (fault != 0) return fault;
  expect(!world.is_memory_file_open, "one memory file");
  world.is_memory_file_open = 1;
  return world.memory_file;
}

long sys_become(const char *file, const char *const *arguments, const char *const *environment) {
  check_program(file, arguments, environment);
  long fault = call();
  if (fault != 0) return fault;
  if (!world.is_program) return -13;
  world.ending = BECAME;
  longjmp(world.end, 1);
}

_Noreturn void sys_exit(int code) {
  world.ending = EXITED;
  world.exit_code = code;
  longjmp(world.end, 1);
}
