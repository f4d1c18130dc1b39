/* What holds for every input. Written without the code under test: with the C library, from the protocols. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "system.h"
#include "world.h"

static const char greeting[] = "{\"v\":[1]}\n";

static int is_of(uint32_t uid, const struct file *file, uint16_t type) {
  return file != NULL && file->uid == uid && !file->is_link && (file->mode & TYPE_MASK) == type;
}

static int is_own(const struct file *file, uint16_t type, uint16_t forbidden) {
  return file != NULL && file->uid == USER && !file->is_link && (file->mode & TYPE_MASK) == type &&
         (file->mode & forbidden) == 0;
}

/* The parent of the path, in `folder`. */
static const char *parent_of(const char *path, char folder[128]) {
  const char *slash = strrchr(path, '/');
  snprintf(folder, 128, "%.*s", (int)(slash - path), path);
  return folder;
}

/* Whether only root and the user can have put there what the path names. */
static int is_named_by_user(const char *path) {
  char at[128], above[128];
  snprintf(at, sizeof at, "%s", path);
  while (strcmp(at, "/") != 0) {
    parent_of(at, above);
    if (above[0] == 0) strcpy(above, "/");
    const struct file *file = file_at(at), *parent = file_at(above);
    if (file == NULL || parent == NULL || parent->is_link || (parent->mode & TYPE_MASK) != TYPE_FOLDER) return 0;
    if (parent->uid != 0 && parent->uid != USER) return 0;
    int is_sticky = (parent->mode & 01000) != 0 && (file->uid == 0 || file->uid == USER);
    if ((parent->mode & 0022) != 0 && !is_sticky) return 0;
    strcpy(at, above);
  }
  return 1;
}

void check_request(const char *head, size_t head_size, const char *body, size_t body_size) {
  char folder[128], outer[128], expected[512];
  parent_of(world.connected_path, folder);
  const struct file *place = file_at(folder);
  const char *own = variable_of("VOUCH_RUNTIME_DIR");
  int is_named = own != NULL && own[0] == '/';
  expect(place != NULL, "a folder");
  uint32_t owner = place->uid;
  expect(world.peer == owner, "nothing is sent to another user's process");
  expect(is_of(owner, file_at(world.connected_path), TYPE_SOCKET), "nothing is sent to another user's socket");
  expect(is_of(owner, place, TYPE_FOLDER), "a folder that is no link");
  if (owner == USER) {
    expect(is_own(place, TYPE_FOLDER, 0077) || (is_named && (place->mode & 0777) == 0711),
           "nothing is sent where others may enter the folder");
  } else {
    expect(is_named && (place->mode & 0022) == 0 && is_named_by_user(folder),
           "nothing is sent into another user's folder that others may have put there");
  }
  if (!is_named) {
    const struct file *file = file_at(parent_of(folder, outer));
    expect(is_own(file, TYPE_FOLDER, 0077) && (file->mode & 0700) == 0700, "the folder's parent is private");
  }
  const char *home = variable_of("HOME");
  if (strcmp(world.words[1], "--cargo-plugin") == 0 && file_at("/.cargo") != NULL) {
    expect(home != NULL && home[0] != 0, "a .cargo at the root is nobody's own without a home folder");
  }
  const char *routes[] = {ROUTE_CARGO, ROUTE_TOKEN, ROUTE_ENVIRONMENT, ROUTE_TIME_LEFT};
  int is_known = 0;
  for (size_t index = 0; index < 4; index++) {
    int size = snprintf(expected, sizeof expected,
                        "POST %s HTTP/1.1\r\nhost: vouch\r\nvouch-protocol: " PROTOCOL_VERSION
                        "\r\nconnection: close\r\ncontent-length: %zu\r\n\r\n",
                        routes[index], body_size);
    is_known |= head_size == (size_t)size && memcmp(head, expected, head_size) == 0;
  }
  expect(is_known, "a request with the head that the agent takes");
  for (size_t index = 0; index < body_size; index++) expect((unsigned char)body[index] < 128, "a request in ASCII");
}

/* The body of the answer that was received last, if it is whole, plain and of status 200. */
static int take_body(struct bytes *body) {
  static const char start[] = "HTTP/1.1 200 \r\nvouch-protocol: " PROTOCOL_VERSION "\r\n";
  char length[64];
  const struct bytes *all = &world.received;
  char *end = all->size == 0 ? NULL : memmem(all->at, all->size, "\r\n\r\n", 4);
  if (end == NULL || all->size < sizeof start - 1 || memcmp(all->at, start, sizeof start - 1) != 0) return 0;
  *body = (struct bytes){end + 4, (size_t)(all->at + all->size - end - 4)};
  snprintf(length, sizeof length, "\r\ncontent-length: %zu\r\n", body->size);
  if (memmem(all->at, (size_t)(end + 2 - all->at), length, strlen(length)) == NULL) return 0;
  for (size_t index = 0; index < body->size; index++) {
    if (body->at[index] < ' ' || body->at[index] > '~' || body->at[index] == '\\') return 0;
  }
  return 1;
}

static int is_same(const struct bytes *whole, const char *expected, size_t size) {
  return whole->size == size && memcmp(whole->at, expected, size) == 0;
}

/* The word behind the start of a reply, which must have one; its end is its closing quote. */
static char *word_after(const char *start, const struct bytes *body, char **end) {
  size_t size = strlen(start);
  if (body->size <= size || memcmp(body->at, start, size) != 0) return NULL;
  char *word = body->at + size;
  *end = memchr(word, '"', body->size - size);
  if (*end == NULL || *end == word || memchr(word, ' ', (size_t)(*end - word)) != NULL) return NULL;
  return word;
}

/* Whether it is the time left of a prompt's reply, on a line. */
static int is_time_left(const struct bytes *message, const struct bytes *body) {
  char *end, *word = word_after("{\"text\":\"", body, &end);
  if (word == NULL) return 0;
  struct bytes expected = {NULL, 0};
  add_bytes(&expected, word, (size_t)(end - word));
  add_bytes(&expected, "\n", 1);
  return is_same(message, expected.at, expected.size);
}

/* Whether it is the token of keyring's reply, in one of the dialects. */
static int is_password(const struct bytes *message, const struct bytes *body) {
  char *end, *token = word_after("{\"token\":\"", body, &end);
  if (token == NULL) return 0;
  const char *dialects[][2] = {{"", "\n"}, {"aws\n", "\n"}, {"{\"username\":\"aws\",\"password\":\"", "\"}\n"}};
  for (size_t index = 0; index < 3; index++) {
    struct bytes expected = {NULL, 0};
    add_bytes(&expected, dialects[index][0], strlen(dialects[index][0]));
    add_bytes(&expected, token, (size_t)(end - token));
    add_bytes(&expected, dialects[index][1], strlen(dialects[index][1]));
    if (is_same(message, expected.at, expected.size)) return 1;
  }
  return 0;
}

void check_output(const void *bytes, size_t size) {
  struct bytes message = {NULL, 0}, body = {NULL, 0}, line = {NULL, 0};
  add_bytes(&message, world.output.at + world.said, world.output.size - world.said);
  add_bytes(&message, bytes, size);
  if (strcmp(world.words[1], "--cargo-plugin") == 0 && world.said == 0) {
    expect(is_same(&message, greeting, sizeof greeting - 1), "the greeting first");
    return;
  }
  expect(world.connections > world.answered, "no more output than answers");
  expect(take_body(&body), "no output without a plain answer");
  if (world.said == 0 && strcmp(world.words[1], "status") == 0) {
    expect(is_time_left(&message, &body), "the time left of the answer");
    return;
  }
  if (world.said == 0) {
    expect(is_password(&message, &body), "the token of the answer, in a known dialect");
    return;
  }
  static const char start[] = "{\"Ok\":{\"kind\":\"get\",\"token\":\"";
  expect(body.size > sizeof start && memcmp(body.at, start, sizeof start - 1) == 0, "an answer with a token");
  add_bytes(&line, body.at, body.size);
  add_bytes(&line, "\n", 1);
  expect(is_same(&message, line.at, line.size), "the agent's answer as it is");
}

static int is_token_name(const char *variable) {
  static const char *const names[] = {"PIP_INDEX_URL=",  "CODEARTIFACT_AUTH_TOKEN=", "TWINE_USERNAME=",
                                      "TWINE_PASSWORD=", "TWINE_REPOSITORY_URL=",    "VOUCH_SHIM_TRAIL=4242:"};
  for (size_t index = 0; index < sizeof names / sizeof *names; index++) {
    if (strncmp(variable, names[index], strlen(names[index])) == 0) return 1;
  }
  const char *value = strchr(variable, '=');
  if (value == NULL) return 0;
  static const char npm[] = "npm_config_//", npm_end[] = "/:_authToken", holder[] = "VOUCH_a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5_";
  size_t size = (size_t)(value - variable);
  if (strncmp(variable, "VOUCH_TOKEN_", 12) == 0) return size == 28 && strspn(variable + 12, "0123456789ABCDEF") == 16;
  if (strncmp(variable, holder, sizeof holder - 1) == 0) return size > sizeof holder - 1;
  return size > sizeof npm + sizeof npm_end - 2 && strncmp(variable, npm, sizeof npm - 1) == 0 &&
         memcmp(value - (sizeof npm_end - 1), npm_end, sizeof npm_end - 1) == 0 &&
         strncmp(value, "=${VOUCH_", 9) == 0;
}

void check_program(const char *file, const char *const *arguments, const char *const *environment) {
  struct bytes body;
  expect(take_body(&body), "no command without a plain answer");
  expect(!world.is_pipe_ignored, "a command that gets SIGPIPE");
  const char *command = world.words[3], *name = strrchr(file, '/');
  expect(strchr(command, '/') ? strcmp(file, command) == 0 : file[0] == '/' && strcmp(name + 1, command) == 0,
         "the command that was asked for");
  expect(strcmp(arguments[0], file) == 0, "the command's path as its name");
  size_t count = 1;
  for (; arguments[count] != NULL; count++) expect(arguments[count] == world.words[count + 3], "the command's own words");
  expect(count == world.argument_count - 3, "all words of the command");
  size_t kept = 0;
  for (size_t index = 0; environment[index] != NULL; index++) {
    int is_own_variable = 0;
    for (size_t own = 0; own < world.variable_count; own++) {
      is_own_variable |= environment[index] == world.words[world.argument_count + own];
    }
    kept += (size_t)is_own_variable;
    expect(is_own_variable || is_token_name(environment[index]), "no variable from the agent but tokens");
  }
  expect(kept <= world.variable_count, "each of the user's variables once");
  expect(variable_of("VOUCH_RUNTIME_DIR") == NULL || kept > 0, "the user's variables");
}

/* Each answer is to the bytes of one read. */
static size_t unanswered_size(void) {
  size_t size = 0;
  for (size_t index = world.answered; index < world.read_count; index++) size += world.reads[index];
  return size;
}

static void check_hand_over(void) {
  const long *next = world.next_stack, *stack = world.stack;
  if (next == stack) {
    expect(world.output.size == 0 && world.read_count == 0, "nothing is lost when the runtime is not told");
    return;
  }
  expect(next == world.block, "the stack with two words more");
  expect((size_t)next[0] == world.argument_count + 2 && next[1] == (long)world.words[0], "two arguments more");
  expect(strcmp((const char *)next[2], "--first-stage") == 0, "the argument for the runtime");
  expect(world.is_memory_file_open, "an open memory file");
  const char *number = (const char *)next[3];
  expect(strlen(number) == 2 && strtol(number, NULL, 10) == world.memory_file, "the memory file's descriptor");
  add_bytes(&world.handed_over, "", 1);
  int greeted = -1, length = 0;
  long long spent = -1;
  size_t sizes[4] = {0};
  int fields = sscanf(world.handed_over.at, "vouch first stage 1 %1d %9lld %6zu %6zu %6zu %6zu%n", &greeted, &spent, &sizes[0],
                      &sizes[1], &sizes[2], &sizes[3], &length);
  expect(fields == 6 && world.handed_over.at[length] == '\n' && spent >= 0, "a memory file with its head");
  const char *at = world.handed_over.at + length + 1, *end = world.handed_over.at + world.handed_over.size - 1;
  expect((size_t)(end - at) == sizes[0] + sizes[1] + sizes[2] + sizes[3], "a memory file of the size that it says");
  expect(greeted == (world.output.size > 0), "whether Cargo was greeted");
  expect(sizes[3] == unanswered_size(), "the bytes of stdin that are not answered");
  expect(memcmp(end - sizes[3], world.input_read.at + world.input_read.size - sizes[3], sizes[3]) == 0, "stdin as it was read");
  if (sizes[2] == 0) {
    expect(sizes[0] == 0 && sizes[1] == 0, "no question without its answer");
    return;
  }
  expect(spent == 0 && sizes[2] == world.received.size, "the whole answer");
  expect(memcmp(at + sizes[0] + sizes[1], world.received.at, sizes[2]) == 0, "the answer as it was received");
  expect(memcmp(world.request.at + 5, at, sizes[0]) == 0, "the route that was asked");
  expect(sizes[1] < world.request.size, "the body that was sent");
  expect(memcmp(world.request.at + world.request.size - sizes[1], at + sizes[0], sizes[1]) == 0, "the body that was sent");
}

void check_end(void) {
  if (world.ending == EXITED) {
    expect(world.exit_code == 0 || world.exit_code == 1, "an exit code");
    expect(world.output.size > 0, "no end without a word");
  }
  expect(world.said == world.output.size || (world.ending == EXITED && world.exit_code == 1), "whole messages");
  expect(world.ending != BECAME || world.output.size == 0, "no output of ours beside a command's");
  if (world.ending != RETURNED) return;
  expect(!world.is_pipe_ignored, "SIGPIPE as it was");
  expect(!world.is_connected && !world.is_command_line_open, "all descriptors closed");
  check_hand_over();
}
