/*
 * `fuzz FIRST COUNT` runs the first stage in the worlds of these numbers and prints how they ended. A failure names the
 * number: `fuzz NUMBER 1` runs it alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "system.h"
#include "world.h"

long *run_first_stage(long *stack);

struct world world;

static uint64_t number;
static void *blocks[65536];
static size_t block_count;

/* Blocks are used again soon: what was freed in an input before is no concern of the next. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "quarantine_size_mb=1:malloc_context_size=0:detect_leaks=0:detect_stack_use_after_return=0"; }
void __asan_on_error(void);
void __asan_on_error(void) { fprintf(stderr, "input %llu\n", (unsigned long long)number); }

void expect(int holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "input %llu: expected %s\n", (unsigned long long)number, what);
  exit(1);
}

void *block_of(size_t size) {
  expect(block_count < sizeof blocks / sizeof *blocks, "fewer blocks");
  void *block = malloc(size);
  expect(block != NULL, "memory");
  return blocks[block_count++] = block;
}

void add_bytes(struct bytes *bytes, const void *more, size_t size) {
  size_t index = block_count;
  while (bytes->at != NULL && blocks[--index] != bytes->at) {
  }
  if (bytes->at == NULL) bytes->at = block_of(1);
  if (index == block_count) index--;
  bytes->at = blocks[index] = realloc(bytes->at, bytes->size + size + 1);
  expect(bytes->at != NULL, "memory");
  memcpy(bytes->at + bytes->size, more, size);
  bytes->size += size;
}

void end_world(void) {
  while (block_count > 0) free(blocks[--block_count]);
}

const char *variable_of(const char *name) {
  size_t size = strlen(name);
  for (size_t index = 0; index < world.variable_count; index++) {
    const char *variable = world.words[world.argument_count + index];
    if (strncmp(variable, name, size) == 0 && variable[size] == '=') return variable + size + 1;
  }
  return NULL;
}

static int ends_with(const char *text, const char *end) {
  size_t size = strlen(text), end_size = strlen(end);
  return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

const struct file *file_at(const char *path) {
  static const struct file project = {USER, TYPE_FOLDER | 0755, 0}, program = {0, TYPE_FILE | 0755, 0};
  const char *own = variable_of("VOUCH_RUNTIME_DIR"), *xdg = variable_of("XDG_RUNTIME_DIR");
  if (ends_with(path, "/agent.sock")) return &world.socket;
  if (ends_with(path, "/vouch") || (own != NULL && strcmp(path, own) == 0)) return &world.folder;
  if (strcmp(path, "/run") == 0) return &world.run_folder;
  if (strcmp(path, "/") == 0) return &world.root_folder;
  if (strcmp(path, "/run/user/1000") == 0 || (xdg != NULL && strcmp(path, xdg) == 0)) return &world.parent_folder;
  if (ends_with(path, "/.cargo")) {
    int depth = 0;
    for (const char *at = path; *at != 0; at++) depth += *at == '/';
    return depth - 1 == world.project_depth ? &project : NULL;
  }
  return ends_with(path, "/usr/bin/tool") ? &program : NULL;
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  const char *volatile endings[] = {"left", "told the runtime", "answered", "became the command", "ended early"};
  volatile size_t counts[5] = {0};
  uint64_t first = strtoull(arguments[1], NULL, 10), end = first + strtoull(arguments[2], NULL, 10);
  for (number = first; number < end; number++) {
    make_world(number);
    if (setjmp(world.end) == 0) {
      world.next_stack = run_first_stage(world.stack);
      world.ending = RETURNED;
    }
    check_end();
    size_t ending = world.ending == BECAME        ? 3
                    : world.ending == EXITED      ? (world.exit_code == 0 ? 2 : 4)
                    : world.next_stack != world.stack ? 1
                                                  : 0;
    counts[ending]++;
    end_world();
  }
  for (size_t index = 0; index < 5; index++) printf("%zu %s\n", counts[index], endings[index]);
  return 0;
}
