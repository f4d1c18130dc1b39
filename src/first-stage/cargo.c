/*
 * Cargo's credential provider: the agent parses each request and answers in Cargo's format. The whole protocol is in
 * src/tools/cargo/credential-provider.ts.
 */
#include "agent.h"
#include "reply.h"

/* Whether the word is a Cargo command that reads the configuration of the current folder and its parents only. */
static int is_plain_command(struct text word) {
  char wanted_bytes[32];
  struct buffer wanted = BUFFER(wanted_bytes);
  append(&wanted, TEXT(" "));
  append(&wanted, word);
  append(&wanted, TEXT(" "));
  return !wanted.overflow && !contains(word, TEXT(" ")) &&
         contains(TEXT(" build b check c test t run r bench doc d rustc rustdoc clippy fix fetch update metadata tree vendor "
                       "generate-lockfile add remove rm search info package publish owner yank login logout "),
                  text_in(&wanted));
}

enum {
  /* Of Cargo's command line. */
  MAX_WORDS = 100,
};

/* Whether something has that name, seen from the current folder; also if that cannot be known. */
static int may_be_path(const char *word) {
  struct file_status status;
  long result = sys_status(word, 1, &status);
  return result != -ENOENT_ && result != -ENOTDIR_;
}

/*
 * Whether the word of Cargo's command line names no folder or file, in none of its parts: Cargo reads the configuration
 * of some that it is given (src/tools/cargo/project/command-line.ts). The word ends with a zero.
 */
static int is_plain_word(struct text word) {
  if (starts_with(word, TEXT("--config"))) return 0;
  size_t equals = index_of(word, TEXT("="));
  if (word.size > 0 && may_be_path(word.bytes)) return 0;
  if (equals + 1 < word.size && may_be_path(word.bytes + equals + 1)) return 0;
  return word.size < 3 || word.bytes[0] != '-' || word.bytes[1] == '-' || !may_be_path(word.bytes + 2);
}

/* Whether the process that asks is a Cargo with a plain command line, or another program that has no Cargo in it. */
static int is_plain_parent(char *buffer) {
  struct text command = read_parent_command(buffer);
  if (command.size == 0) return 0;
  struct text name = base_name(text_of(command.bytes));
  /* A program that hides its name may be a Cargo. */
  if (name.size == 0) return 0;
  if (is_same(name, TEXT("cargo"))) {
    struct text rest = text_after(command, text_of(command.bytes).size + 1);
    if (rest.size == 0 || !is_plain_command(text_of(rest.bytes))) return 0;
    /* The subcommand itself may have a folder's name: `test`. */
    rest = text_after(rest, text_of(rest.bytes).size + 1);
    for (size_t count = 0; rest.size > 0; count++) {
      struct text word = text_of(rest.bytes);
      if (count == MAX_WORDS || !is_plain_word(word)) return 0;
      rest = text_after(rest, word.size + 1);
    }
    return 1;
  }
  /* A wrapper that Cargo starts in our place has the flag too; a tool with Cargo built in is named after it. */
  return !starts_with(name, TEXT("cargo")) && !contains(command, TEXT("--cargo-plugin"));
}

/*
 * Whether no folder from the current one up to the root has a `.cargo`, apart from the home folder: then Cargo's
 * configuration is the user's own. All other cases are decided by src/tools/cargo/project/project-network.ts.
 */
static int has_no_project(const struct start *start) {
  char path[PATH_SIZE + 8];
  struct text home = variable(start, TEXT("HOME"));
  long length = sys_current_folder(path, PATH_SIZE);
  if (length < 2 || path[0] != '/') return 0;
  /* Without the zero, and without the root's slash. */
  size_t end = length == 2 ? 0 : (size_t)length - 1;
  for (;;) {
    struct file_status status;
    struct text folder = {path, end};
    struct buffer name = {path, end, sizeof path, 0};
    append(&name, TEXT("/.cargo"));
    append_zero(&name);
    /* ENOENT alone says that there is none; the runtime looks into all other cases. */
    if (name.overflow || (sys_status(path, 1, &status) != -2 && (home.size == 0 || !is_same(folder, home)))) return 0;
    if (end == 0) return 1;
    while (path[--end] != '/') {
    }
  }
}

/* Whether the body is a reply to `get` whose token Cargo may keep until it expires. */
static int is_plain_reply(struct text reply) {
  struct text token;
  return take(&reply, TEXT("{\"Ok\":{\"kind\":\"get\",\"token\":")) && take_token(&reply, &token) &&
         take(&reply, TEXT(",\"cache\":\"expires\",\"expiration\":")) && take_time(&reply) &&
         take(&reply, TEXT(",\"operation_independent\":true}}")) && reply.size == 0;
}

void answer_cargo(const struct start *start, struct progress *progress, char *stdin_buffer, char *answer_buffer) {
  if (!is_plain_parent(answer_buffer) || !has_no_project(start)) return;
  /* From now on the runtime must be told: it cannot see that the greeting is sent and stdin is read. */
  progress->file = open_memory_file();
  if (progress->file < 0) return;
  if (!print(TEXT("{\"v\":[1]}\n"))) return;
  progress->greeted = 1;
  for (;;) {
    progress->stdin_bytes = (struct text){stdin_buffer, 0};
    progress->answer = (struct text){answer_buffer, 0};
    long count = sys_read(STDIN, stdin_buffer, BUFFER_SIZE);
    if (count == 0) sys_exit(0);
    if (count < 0) return;
    struct text line = {stdin_buffer, (size_t)count};
    progress->stdin_bytes = line;
    /* One whole line, in ASCII: the agent takes no other. */
    if (index_of(line, TEXT("\n")) != line.size - 1) return;
    for (size_t index = 0; index < line.size; index++) {
      if ((unsigned char)line.bytes[index] > 127) return;
    }
    /* Looked at again for each request: Cargo may wait long between two. */
    if (!has_no_project(start)) return;
    struct text request = {line.bytes, line.size - 1};
    struct text reply = ask(start, progress, TEXT(ROUTE_CARGO), request, answer_buffer);
    if (!is_plain_reply(reply)) return;
    /* The byte after the reply is free. */
    struct buffer printed = {answer_buffer, (size_t)(reply.bytes + reply.size - answer_buffer), BUFFER_SIZE, 0};
    append(&printed, TEXT("\n"));
    if (!print((struct text){reply.bytes, reply.size + 1})) return;
  }
}
