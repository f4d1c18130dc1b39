/* What the parts of the first stage share: the start of the process, and what it leaves to the runtime. */
#ifndef FIRST_STAGE_STAGE_H
#define FIRST_STAGE_STAGE_H

#include "system.h"
#include "text.h"

enum {
  /* The largest answer of the agent, head and body, and the largest part of stdin. */
  BUFFER_SIZE = 32768,
  /* Limits of what the kernel started this process with; whatever has more is left to the runtime. */
  MAX_ARGUMENTS = 1024,
  MAX_VARIABLES = 4096,
  PATH_SIZE = 4096,
  /* Of the stack: the buffers take 170 KiB, the arguments and variables at most 128 KiB or a quarter of the limit. */
  MIN_STACK_SIZE = 1 << 20,
  /* The request timeout, as defaultTimeoutMs in src/agent/wire/question.ts. */
  LIMIT_MS = 30000,
  /* The same of a shell's prompt, as in src/helper/status-prompt.ts. */
  PROMPT_LIMIT_MS = 500,
};

/* The process's stack when it starts: the arguments, then the variables, each list with a null pointer at its end. */
struct start {
  const char *const *arguments;
  size_t argument_count;
  const char *const *variables;
};

/* How far the first stage has come; the runtime goes on from there (src/helper/attempt.ts). */
struct progress {
  /* A memory file that hands it over; negative: there is none yet. */
  long file;
  /* The greeting of Cargo's protocol is sent. */
  int greeted;
  /* The request timeout in milliseconds. */
  int64_t limit_ms;
  /* Milliseconds spent waiting for the agent in the last request. */
  int64_t spent_ms;
  /* The last request and the agent's whole answer to it, so that it is not asked again; of size 0 without one. */
  struct text route, body, answer;
  /* Bytes of stdin that are read and not answered. */
  struct text stdin_bytes;
};

/* The variable's value; `bytes` is NULL if it is not set. The first of several, as getenv(3). */
struct text variable(const struct start *start, struct text name);
/* Whether it is set, also to nothing. */
int has_variable(const struct start *start, struct text name);

/*
 * The helpers. Each ends the process, or becomes another program, where all is plain; else it returns, and the runtime
 * starts.
 */
void answer_cargo(const struct start *start, struct progress *progress, char *stdin_buffer, char *answer_buffer);
void answer_keyring(const struct start *start, struct progress *progress, char *answer_buffer);
void answer_prompt(const struct start *start, struct progress *progress, char *answer_buffer);
void exec_command(const struct start *start, struct progress *progress, char *answer_buffer);

/* A memory file whose descriptor is below 100, or a negative number. */
long open_memory_file(void);

/*
 * Reads the command line of the process that started this one: its words, each with a zero at its end. Of size 0 if it
 * cannot be read to the end. Limited to BUFFER_SIZE bytes.
 */
struct text read_parent_command(char *buffer);

#endif
