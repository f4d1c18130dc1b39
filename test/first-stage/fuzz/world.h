/*
 * The world that one input of the fuzzer starts the first stage in, and what it did there. All bytes that it can reach lie
 * in heap blocks of exactly their size, so that AddressSanitizer sees each read and write past an end.
 */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

enum {
  USER = 1000,
  PROCESS = 4242,
  PARENT = 4141,
  MAX_PARTS = 6,
  MAX_EXCHANGES = 4,
  MAX_WORDS = 6000,
  MAX_READS = 64,
  /* Descriptors that the fake system gives out, without those of files that are open already. */
  CONNECTION = 7,
  COMMAND_LINE = 8,
};

struct bytes {
  char *at;
  size_t size;
};

/* Bytes that arrive in parts; then the end, or silence. */
struct stream {
  struct bytes parts[MAX_PARTS];
  size_t count, next;
};

struct file {
  uint32_t uid;
  uint16_t mode;
  /* A symbolic link stands there and leads to such a file. */
  int is_link;
};

enum ending { RETURNED, EXITED, BECAME };

struct world {
  /* The input. */
  long *block, *stack;
  char *words[MAX_WORDS];
  size_t argument_count, variable_count;
  struct stream input, answers[MAX_EXCHANGES];
  struct bytes command_line, current_folder;
  struct file folder, socket, parent_folder, run_folder, root_folder;
  uint32_t peer;
  /* How far up from the current folder a `.cargo` stands; negative: nowhere. */
  int project_depth;
  long memory_file;
  int is_silent, is_program, closed_descriptor;
  /* The system call that fails, by its number, and its errno. */
  size_t fault_at;
  long fault;
  /* Bytes that a write takes at most, how many of the writes to stdout find it full, and milliseconds of one call. */
  size_t write_limit;
  int full_writes;
  int64_t step_ms;

  /* What happened. */
  size_t calls;
  int64_t now_ms;
  struct bytes output, handed_over, received, request, input_read;
  size_t reads[MAX_READS], read_count;
  /* Where the message begins that is being written, and how many of the connections have their answer printed. */
  size_t said, answered, connections;
  int is_memory_closed, is_connected, is_command_line_open, is_memory_file_open, is_pipe_ignored, is_size_ignored, was_sent;
  char connected_path[128];
  enum ending ending;
  int exit_code;
  long *next_stack;
  jmp_buf end;
};

extern struct world world;

/* Gives the world of the input with this number. */
void make_world(uint64_t seed);
/* Frees its memory. */
void end_world(void);
/* A block of exactly this size, freed with the world. */
void *block_of(size_t size);
/* Adds bytes at the end of a block, which may move. */
void add_bytes(struct bytes *bytes, const void *more, size_t size);

/* What stands at the path, or NULL. */
const struct file *file_at(const char *path);

/* Ends the program with the words and the input's number, if it is not so. */
void expect(int holds, const char *what);

/*
 * What must hold when a request goes out, when something is printed (`bytes` follow what is written), when another program
 * takes the place, and at the end.
 */
void check_request(const char *head, size_t head_size, const char *body, size_t body_size);
void check_output(const void *bytes, size_t size);
void check_program(const char *file, const char *const *arguments, const char *const *environment);
void check_end(void);

/* The value of a variable of the input, or NULL. */
const char *variable_of(const char *name);

#endif
