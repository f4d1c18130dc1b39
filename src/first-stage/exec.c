/* `vouch exec -- COMMAND …`. src/exec/exec.ts handles all other cases. */
#include "agent.h"
#include "reply.h"

enum {
  STRINGS_SIZE = 49152,
  MAX_ADDED = 64,
  HOLDER_BYTES = 16,
};

/* The variables that the command gets beside the user's: `NAME=VALUE` strings. */
struct added {
  const char *variables[MAX_ADDED];
  size_t count;
  struct buffer strings;
};

/* Whether the word is one of those in the list, which has a space before and after each. */
static int is_listed(struct text word, struct text list) {
  char wanted_bytes[32];
  struct buffer wanted = BUFFER(wanted_bytes);
  append(&wanted, TEXT(" "));
  append(&wanted, word);
  append(&wanted, TEXT(" "));
  return !wanted.overflow && !contains(word, TEXT(" ")) && contains(list, text_in(&wanted));
}

/* Whether one of the words in the list, which has a space before and after each, is a part of the text. */
static int has_part_of(struct text text, struct text list) {
  for (struct text rest = text_after(list, 1); rest.size > 0;) {
    struct text word = {rest.bytes, index_of(rest, TEXT(" "))};
    if (contains(text, word)) return 1;
    rest = text_after(rest, word.size + 1);
  }
  return 0;
}

/* Whether the runtime looks at the command's project first. Both lists are those of src/exec/checked-commands.ts. */
static int has_project(struct text command) {
  return has_part_of(command, TEXT(PYTHON_PARTS)) || is_listed(base_name(command), TEXT(CHECKED_COMMANDS));
}

static int is_upper_hex(struct text word) {
  for (size_t index = 0; index < word.size; index++) {
    char byte = word.bytes[index];
    if (!(byte >= '0' && byte <= '9') && !(byte >= 'A' && byte <= 'F')) return 0;
  }
  return 1;
}

/* Same rule as areTokenVariables in src/agent/wire/checks.ts. */
static int is_token_variable(struct text name) {
  if (is_listed(name, TEXT(" PIP_INDEX_URL CODEARTIFACT_AUTH_TOKEN TWINE_USERNAME TWINE_PASSWORD TWINE_REPOSITORY_URL "))) {
    return 1;
  }
  struct text own = TEXT("VOUCH_TOKEN_");
  if (starts_with(name, own)) return name.size == own.size + 16 && is_upper_hex(text_after(name, own.size));
  struct text start = TEXT("npm_config_//"), end = TEXT("/:_authToken");
  if (name.size <= start.size + end.size || !starts_with(name, start)) return 0;
  if (!is_same(text_after(name, name.size - end.size), end)) return 0;
  for (size_t index = start.size; index < name.size - end.size; index++) {
    char byte = name.bytes[index];
    if (byte < '!' || byte > '~' || byte == '=') return 0;
  }
  return 1;
}

static int is_name_of(const char *variable, struct text name) {
  struct text whole = text_of(variable);
  return starts_with(whole, name) && whole.size > name.size && whole.bytes[name.size] == '=';
}

/* Adds NAME=VALUE. 0 if there is no room, or if the name is there already. */
static int add(struct added *added, struct text name, struct text value) {
  for (size_t index = 0; index < added->count; index++) {
    if (is_name_of(added->variables[index], name)) return 0;
  }
  if (added->count == MAX_ADDED) return 0;
  added->variables[added->count++] = added->strings.bytes + added->strings.size;
  append(&added->strings, name);
  append(&added->strings, TEXT("="));
  append(&added->strings, value);
  append_zero(&added->strings);
  return !added->strings.overflow;
}

/* A name that a project's files cannot know: `VOUCH_` and 128 random bits. */
static int append_holder(struct buffer *holder) {
  unsigned char random[HOLDER_BYTES];
  if (sys_random(random, sizeof random) != sizeof random) return 0;
  append(holder, TEXT("VOUCH_"));
  for (size_t index = 0; index < sizeof random; index++) {
    append(holder, (struct text){&"0123456789abcdef"[random[index] >> 4], 1});
    append(holder, (struct text){&"0123456789abcdef"[random[index] & 15], 1});
  }
  append(holder, TEXT("_"));
  return !holder->overflow;
}

/* npm's variable gets a reference to one of the holder's: as concealTokens in src/tools/npm/guard/token-variables.ts. */
static int add_npm_token(struct added *added, struct text name, struct text token, struct text holder, size_t number) {
  char name_bytes[64], reference_bytes[72];
  struct buffer random_name = BUFFER(name_bytes), reference = BUFFER(reference_bytes);
  append(&random_name, holder);
  append_number(&random_name, number);
  append(&reference, TEXT("${"));
  append(&reference, text_in(&random_name));
  append(&reference, TEXT("}"));
  if (random_name.overflow || reference.overflow) return 0;
  return add(added, name, text_in(&reference)) && add(added, text_in(&random_name), token);
}

/* Takes an object of strings and adds its members; to nothing (`added` is NULL) if the user has some of their own. */
static int take_variables(struct text *reply, struct added *added, struct text holder) {
  size_t npm_count = 0;
  if (!take(reply, TEXT("{"))) return 0;
  if (take(reply, TEXT("}"))) return 1;
  do {
    struct text name, value;
    if (!take_string(reply, &name) || !take(reply, TEXT(":")) || !take_string(reply, &value)) return 0;
    if (!is_token_variable(name)) return 0;
    if (added == NULL) continue;
    int is_npm = starts_with(name, TEXT("npm_config_//"));
    if (is_npm ? !add_npm_token(added, name, value, holder, npm_count++) : !add(added, name, value)) return 0;
  } while (take(reply, TEXT(",")));
  return take(reply, TEXT("}"));
}

static int has_own_twine(const struct start *start) {
  return has_variable(start, TEXT("TWINE_USERNAME")) || has_variable(start, TEXT("TWINE_PASSWORD")) ||
         has_variable(start, TEXT("TWINE_REPOSITORY")) || has_variable(start, TEXT("TWINE_REPOSITORY_URL"));
}

/* Takes the agent's whole reply apart. */
static int take_reply(const struct start *start, struct text reply, struct added *added) {
  char holder_bytes[48];
  struct buffer holder = BUFFER(holder_bytes);
  if (!append_holder(&holder)) return 0;
  if (!take(&reply, TEXT("{\"variables\":")) || !take_variables(&reply, added, text_in(&holder))) return 0;
  if (take(&reply, TEXT(",\"twine\":"))) {
    if (!take_variables(&reply, has_own_twine(start) ? NULL : added, text_in(&holder))) return 0;
  }
  /* Without a time there is no token: the runtime asks why. */
  if (!take(&reply, TEXT(",\"expiration\":")) || !take_time(&reply)) return 0;
  return take(&reply, TEXT("}")) && reply.size == 0;
}

/* Whether it is a file that this user may execute. */
static int is_program(const char *path) {
  struct file_status status;
  return sys_status(path, 1, &status) == 0 && (status.mode & TYPE_MASK) == TYPE_FILE && sys_may_execute(path) == 0;
}

/*
 * Writes the command's path, zero-terminated: a command with a slash is one; others are searched in PATH. 0 if there is
 * none, or if PATH has a relative or empty entry, which is never searched (src/base/system/path.ts).
 */
static int find_command(const struct start *start, struct text command, struct buffer *file) {
  if (contains(command, TEXT("/"))) {
    append(file, command);
    append_zero(file);
    return !file->overflow;
  }
  struct text path = variable(start, TEXT("PATH"));
  if (path.size == 0) return 0;
  int is_found = 0;
  size_t kept = 0;
  for (size_t index = 0; index <= path.size;) {
    struct text rest = text_after(path, index);
    struct text folder = {rest.bytes, index_of(rest, TEXT(":"))};
    if (folder.size == 0 || folder.bytes[0] != '/') return 0;
    index += folder.size + 1;
    if (is_found) continue;
    file->size = 0;
    append(file, folder);
    if (folder.bytes[folder.size - 1] != '/') append(file, TEXT("/"));
    append(file, command);
    append_zero(file);
    if (file->overflow) return 0;
    is_found = is_program(file->bytes);
    kept = file->size;
  }
  file->size = kept;
  return is_found;
}

/* Whether this process has been a shim before: what it runs next is then not for us to choose. */
static int was_shim(const struct start *start) {
  char expected_bytes[16];
  struct buffer expected = BUFFER(expected_bytes);
  append_number(&expected, (uint64_t)(uint32_t)sys_process());
  append(&expected, TEXT(":"));
  struct text trail = variable(start, TEXT("VOUCH_SHIM_TRAIL"));
  return trail.bytes != NULL && starts_with(trail, text_in(&expected));
}

/* Becomes the program, with the user's variables and the added ones; returns if that fails. */
static void become(const struct start *start, const char *file, const struct added *added) {
  const char *environment[MAX_VARIABLES + MAX_ADDED + 1];
  const char *arguments[MAX_ARGUMENTS + 1];
  size_t count = 0;
  for (const char *const *own = start->variables; *own != NULL; own++) {
    int is_replaced = 0;
    for (size_t index = 0; index < added->count && !is_replaced; index++) {
      struct text name = text_of(added->variables[index]);
      name.size = index_of(name, TEXT("="));
      is_replaced = is_name_of(*own, name);
    }
    if (!is_replaced) environment[count++] = *own;
  }
  for (size_t index = 0; index < added->count; index++) environment[count++] = added->variables[index];
  environment[count] = NULL;
  /* vouch exec -- COMMAND …: the command's own words begin with its path. */
  size_t words = 0;
  arguments[words++] = file;
  for (size_t index = 4; index < start->argument_count; index++) arguments[words++] = start->arguments[index];
  arguments[words] = NULL;
  sys_become(file, arguments, environment);
}

void exec_command(const struct start *start, struct progress *progress, char *answer_buffer) {
  if (start->argument_count < 4 || !is_same(text_of(start->arguments[2]), TEXT("--"))) return;
  struct text command = text_of(start->arguments[3]);
  if (command.size == 0 || has_project(command)) return;
  /* Cargo would send the output to a registry: src/main.ts refuses. */
  if (has_variable(start, TEXT("CARGO_REGISTRY_INDEX_URL")) || was_shim(start)) return;
  struct text own_index = variable(start, TEXT("PIP_INDEX_URL")), own_file = variable(start, TEXT("PIP_CONFIG_FILE"));
  if (own_index.size > 0 || own_file.size > 0) return;
  char file_bytes[PATH_SIZE];
  struct buffer file = BUFFER(file_bytes);
  if (!find_command(start, command, &file)) return;

  struct text reply = ask(start, progress, TEXT(ROUTE_ENVIRONMENT), TEXT("{}"), answer_buffer);
  char strings[STRINGS_SIZE], trail_bytes[PATH_SIZE + 16];
  struct added added;
  added.count = 0;
  added.strings = BUFFER(strings);
  if (!take_reply(start, reply, &added)) return;
  struct buffer trail = BUFFER(trail_bytes);
  append_number(&trail, (uint64_t)(uint32_t)sys_process());
  append(&trail, TEXT(":"));
  append(&trail, (struct text){file.bytes, file.size - 1});
  if (trail.overflow || !add(&added, TEXT("VOUCH_SHIM_TRAIL"), text_in(&trail))) return;
  become(start, file.bytes, &added);
}
