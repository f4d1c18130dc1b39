/*
 * The first stage: runs before the runtime, in the same process. It answers the plain cases of the helpers, and leaves
 * everything else to the runtime, which then starts as if nothing had been here. README.md has the rules.
 */
#include "agent.h"

struct text variable(const struct start *start, struct text name) {
  for (const char *const *each = start->variables; *each != NULL; each++) {
    struct text whole = text_of(*each);
    if (starts_with(whole, name) && whole.size > name.size && whole.bytes[name.size] == '=') {
      return text_after(whole, name.size + 1);
    }
  }
  return (struct text){NULL, 0};
}

int has_variable(const struct start *start, struct text name) { return variable(start, name).bytes != NULL; }

struct text read_parent_command(char *buffer) {
  char path_bytes[32];
  struct buffer path = BUFFER(path_bytes);
  append(&path, TEXT("/proc/"));
  append_number(&path, (uint64_t)(uint32_t)sys_parent());
  append(&path, TEXT("/cmdline"));
  append_zero(&path);
  struct text none = {buffer, 0};
  long file = sys_open(path.bytes);
  if (file < 0) return none;
  long count = sys_read((int)file, buffer, BUFFER_SIZE);
  sys_close((int)file);
  /* A full buffer may lack the end. A program may have overwritten its words, so that the last one has no zero. */
  if (count <= 0 || count == BUFFER_SIZE || buffer[count - 1] != 0) return none;
  return (struct text){buffer, (size_t)count};
}

/*
 * Whether each variable that decides something here is set once at most: of several the C library takes the first, the
 * runtime the last.
 */
static int is_unambiguous(const struct start *start) {
  struct text names = TEXT(" VOUCH_RUNTIME_DIR XDG_RUNTIME_DIR HOME PATH VOUCH_IDENTITY VOUCH_DEBUG VOUCH_PIP VOUCH_SHIM_TRAIL "
                           "CARGO_REGISTRY_INDEX_URL PIP_INDEX_URL PIP_CONFIG_FILE ");
  for (struct text rest = text_after(names, 1); rest.size > 0;) {
    struct text name = {rest.bytes, index_of(rest, TEXT(" "))};
    rest = text_after(rest, name.size + 1);
    size_t count = 0;
    for (const char *const *each = start->variables; *each != NULL; each++) {
      struct text whole = text_of(*each);
      if (starts_with(whole, name) && whole.size > name.size && whole.bytes[name.size] == '=') count++;
    }
    if (count > 1) return 0;
  }
  return 1;
}

/* Whether any process of ours may answer: there is room, the standard descriptors are open, and neither a job nor a trace is asked for. */
static int is_plain_start(const struct start *start) {
  if (sys_stack_limit() < MIN_STACK_SIZE) return 0;
  for (int descriptor = STDIN; descriptor <= STDERR; descriptor++) {
    if (sys_is_open(descriptor) != 0) return 0;
  }
  struct text identity = variable(start, TEXT("VOUCH_IDENTITY")), trace = variable(start, TEXT("VOUCH_DEBUG"));
  return identity.size == 0 && trace.size == 0;
}

/* The helper that the process is started as; the same choice as in src/main.ts. */
enum helper { NONE, CARGO, KEYRING, EXEC, PROMPT };

static enum helper helper_of(const struct start *start) {
  if (start->argument_count < 2) return NONE;
  struct text name = base_name(text_of(start->arguments[0])), first = text_of(start->arguments[1]);
  if (is_same(name, TEXT("keyring"))) return KEYRING;
  /* Under any other name it is a shim: its arguments are another program's. */
  if (!is_same(name, TEXT("vouch"))) return NONE;
  if (is_same(first, TEXT("--cargo-plugin"))) return CARGO;
  if (start->argument_count == 3 && is_same(first, TEXT("status"))) {
    return is_same(text_of(start->arguments[2]), TEXT("--prompt")) ? PROMPT : NONE;
  }
  return is_same(first, TEXT("exec")) ? EXEC : NONE;
}

/* The numbers from 00 to 99 as strings: an argument must outlive this stage, whose only lasting memory is its code. */
#define TEN(tens) \
  tens "0\0" tens "1\0" tens "2\0" tens "3\0" tens "4\0" tens "5\0" tens "6\0" tens "7\0" tens "8\0" tens "9\0"
static const char numbers[] = TEN("0") TEN("1") TEN("2") TEN("3") TEN("4") TEN("5") TEN("6") TEN("7") TEN("8") TEN("9");

long open_memory_file(void) {
  long file = sys_memory_file("vouch");
  if (file < 100) return file;
  sys_close((int)file);
  return -1;
}

/* Writes what the runtime needs to go on into the memory file: src/helper/attempt.ts reads it. */
static int write_progress(const struct progress *progress) {
  char head_bytes[192];
  struct buffer head = BUFFER(head_bytes);
  append(&head, TEXT("vouch first stage 1 "));
  append_number(&head, (uint64_t)progress->greeted);
  append(&head, TEXT(" "));
  append_number(&head, progress->spent_ms < 0 ? 0 : (uint64_t)progress->spent_ms);
  const struct text *parts[] = {&progress->route, &progress->body, &progress->answer, &progress->stdin_bytes};
  /* Without an answer there is no question either. */
  for (size_t index = 0; index < 4; index++) {
    append(&head, TEXT(" "));
    append_number(&head, progress->answer.size == 0 && index < 2 ? 0 : parts[index]->size);
  }
  append(&head, TEXT("\n"));
  if (head.overflow || sys_write((int)progress->file, head.bytes, head.size) != (long)head.size) return 0;
  for (size_t index = 0; index < 4; index++) {
    if (parts[index]->size == 0 || (progress->answer.size == 0 && index < 2)) continue;
    if (sys_write((int)progress->file, parts[index]->bytes, parts[index]->size) != (long)parts[index]->size) return 0;
  }
  return 1;
}

/*
 * Inserts two arguments after the name, `--first-stage DESCRIPTOR`, for the runtime alone: the two places below the stack
 * take the argument count and the name, everything else stays where the C library has seen it. Gives the new stack.
 */
static long *insert_arguments(long *stack, int descriptor) {
  long *next = stack - 2;
  next[0] = stack[0] + 2;
  next[1] = stack[1];
  next[2] = (long)"--first-stage";
  next[3] = (long)(numbers + 3 * descriptor);
  return next;
}

/*
 * Leaves the rest to the runtime. `file` is the memory file, if there is one already: only Cargo's provider cannot do
 * without, and makes it before it begins. All other progress only saves the runtime a second request.
 */
static long *leave(long *stack, struct progress *progress) {
  if (!progress->greeted && progress->answer.size == 0 && progress->spent_ms == 0) return stack;
  if (progress->file < 0) progress->file = open_memory_file();
  if (progress->file < 0) return stack;
  if (write_progress(progress)) return insert_arguments(stack, (int)progress->file);
  if (progress->greeted) sys_exit(1);
  return stack;
}

/*
 * `stack` is the process's stack as the kernel made it: the count, the arguments, a null, the variables, a null. Two
 * words below it are free. Returns the stack that the runtime starts with.
 */
long *run_first_stage(long *stack);
long *run_first_stage(long *stack) {
  struct start start = {(const char *const *)(stack + 1), (size_t)stack[0], NULL};
  if (stack[0] < 2 || stack[0] > MAX_ARGUMENTS) return stack;
  enum helper helper = helper_of(&start);
  if (helper == NONE) return stack;
  start.variables = start.arguments + start.argument_count + 1;
  size_t variable_count = 0;
  while (variable_count <= MAX_VARIABLES && start.variables[variable_count] != NULL) variable_count++;
  if (variable_count > MAX_VARIABLES || !is_plain_start(&start) || !is_unambiguous(&start)) {
    return stack;
  }
  /* Before there is a secret in this process. */
  if (sys_close_memory() != 0) return stack;

  char stdin_buffer[BUFFER_SIZE], answer_buffer[BUFFER_SIZE];
  struct progress progress = {-1, 0, LIMIT_MS, 0, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}};
  struct signal_action ignore = {SIGNAL_IGNORED, 0, 0, 0}, of_pipe, of_size;
  /* A reader that is gone, and a file that may not grow, must be errors of writing, which the runtime reports. */
  if (helper != EXEC) {
    sys_set_signal(SIGNAL_PIPE, &ignore, &of_pipe);
    sys_set_signal(SIGNAL_FILE_SIZE, &ignore, &of_size);
  }
  switch (helper) {
    case CARGO:
      answer_cargo(&start, &progress, stdin_buffer, answer_buffer);
      break;
    case KEYRING:
      answer_keyring(&start, &progress, answer_buffer);
      break;
    case PROMPT:
      answer_prompt(&start, &progress, answer_buffer);
      break;
    default:
      exec_command(&start, &progress, answer_buffer);
  }
  if (helper != EXEC) {
    sys_set_signal(SIGNAL_PIPE, &of_pipe, &ignore);
    sys_set_signal(SIGNAL_FILE_SIZE, &of_size, &ignore);
  }
  return leave(stack, &progress);
}
