/* Inputs: good ones of each helper, with parts exchanged, mutated and broken. The number of an input decides all of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "system.h"
#include "world.h"

static uint64_t state;

/* xorshift64* */
static uint64_t next_random(void) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * UINT64_C(2685821657736338717);
}

static size_t below(size_t limit) { return (size_t)(next_random() >> 33) % limit; }
static int one_in(size_t many) { return below(many) == 0; }

#define ONE_OF(list) (list)[below(sizeof(list) / sizeof *(list))]

/* What the code under test looks for. */
static const char *const pieces[] = {
    "\r\n\r\n", "\r\ncontent-length: ", "content-length: 0", "HTTP/1.1 200 \r\nvouch-protocol: 1\r\n", "\"", "\\", "{", "}", ",",
    ":", "=", "/", "//", "\n", " ", "0", "9", "253402300800", "99999999999999999999", "\x7f", "\xff", "\xc3\xbc", "../", "'",
    "{\"variables\":{", ",\"twine\":{", ",\"expiration\":", "\"PATH\":\"/evil\"", "npm_config_//x/:_authToken",
    "npm_config_///:_authToken", "PIP_INDEX_URL", "VOUCH_SHIM_TRAIL", "CODEARTIFACT_AUTH_TOKEN", "--cargo-plugin", "cargo",
    "pip", "uv", "--mode", "creds", "-", "--", "get", "exec", "aws",
};

/* A copy in a block of its size, changed in a few places if luck wants it. Zeros only where `may_have_zero`. */
static struct bytes mutated(const char *bytes, size_t size, size_t rarity, int may_have_zero) {
  static char work[1 << 17];
  memcpy(work, bytes, size);
  for (size_t changes = one_in(rarity) ? 1 + below(4) : 0; changes > 0; changes--) {
    size_t at = below(size + 1), left = size - at;
    const char *piece = ONE_OF(pieces);
    size_t length = strlen(piece), many = below(left + 1);
    switch (below(7)) {
      case 0: /* another byte */
        if (left > 0) work[at] = (char)below(256);
        break;
      case 1: /* bytes less */
        if (many > 16 && !one_in(4)) many = 1 + below(16);
        memmove(work + at, work + at + many, left - many);
        size -= many;
        break;
      case 2: /* the end lost */
        size = at;
        break;
      case 3: /* a part twice */
        if (size + many > 40000) break;
        memmove(work + at + many, work + at, left);
        size += many;
        break;
      case 4: /* one byte many times */
        many = one_in(16) ? below(36000) : below(200);
        if (size + many > 60000) break;
        memmove(work + at + many, work + at, left);
        memset(work + at, one_in(2) ? 'x' : (char)below(256), many);
        size += many;
        break;
      default: /* a piece in between, or over it */
        if (one_in(2)) {
          if (length > left) break;
          memcpy(work + at, piece, length);
        } else {
          memmove(work + at + length, work + at, left);
          memcpy(work + at, piece, length);
          size += length;
        }
    }
  }
  if (!may_have_zero) {
    for (size_t index = 0; index < size; index++) work[index] = work[index] == 0 ? '0' : work[index];
  }
  struct bytes copy = {block_of(size), size};
  memcpy(copy.at, work, size);
  return copy;
}

static char *string(const char *text, size_t rarity) {
  struct bytes bytes = mutated(text, strlen(text), rarity, 0);
  char *copy = block_of(bytes.size + 1);
  memcpy(copy, bytes.at, bytes.size);
  copy[bytes.size] = 0;
  return copy;
}

static struct stream in_parts(struct bytes bytes) {
  struct stream stream = {.count = 0, .next = 0};
  size_t limit = one_in(2) ? 1 : 1 + below(MAX_PARTS);
  for (size_t at = 0; at < bytes.size;) {
    size_t left = bytes.size - at, size = stream.count + 1 >= limit ? left : 1 + below(left);
    struct bytes part = {block_of(size), size};
    memcpy(part.at, bytes.at + at, size);
    stream.parts[stream.count++] = part;
    at += size;
  }
  return stream;
}

static const char cargo_request[] =
    "{\"v\":1,\"registry\":{\"index-url\":\"sparse+https://d-1.example/cargo/r/\",\"name\":\"mine\"},"
    "\"kind\":\"get\",\"operation\":\"read\",\"args\":[]}\n";
static const char cargo_reply[] =
    "{\"Ok\":{\"kind\":\"get\",\"token\":\"t0ken\",\"cache\":\"expires\",\"expiration\":1900000000,\"operation_independent\":true}}";
static const char token_reply[] = "{\"token\":\"t0ken\",\"expiration\":1900000000,\"endpoint\":\"https://x/\"}";
static const char prompt_reply[] = "{\"text\":\"7h05m\"}";
static const char *const environment_replies[] = {
    "{\"variables\":{\"CODEARTIFACT_AUTH_TOKEN\":\"t\",\"npm_config_//x.example/npm/r/:_authToken\":\"t\"},\"expiration\":1900000000}",
    "{\"variables\":{},\"twine\":{\"TWINE_USERNAME\":\"aws\",\"TWINE_PASSWORD\":\"t\",\"TWINE_REPOSITORY_URL\":\"https://x/\"}}",
    "{\"variables\":{\"VOUCH_TOKEN_0123456789ABCDEF\":\"t\"},\"expiration\":1900000000}",
    "{\"variables\":{\"PIP_INDEX_URL\":\"https://aws:t@x.example/simple/\"}}",
    "{\"variables\":{}}",
};

/* An answer around the body; its length is mostly true. */
static struct bytes answer_of(const char *reply) {
  static char whole[1 << 17];
  struct bytes body = mutated(reply, strlen(reply), 4, 1);
  if (one_in(100)) {
    /* A reply that is valid and large. */
    const char *place = strstr(reply, "t0ken");
    size_t many = below(33000), before = place == NULL ? 0 : (size_t)(place - reply);
    if (place != NULL) {
      body = (struct bytes){block_of(strlen(reply) + many), strlen(reply) + many};
      memcpy(body.at, reply, before);
      memset(body.at + before, 'x', many);
      memcpy(body.at + before + many, place, strlen(place));
    }
  }
  size_t length = body.size + (one_in(24) ? below(3) : 0);
  int size = sprintf(whole, "HTTP/1.1 %s\r\nvouch-protocol: 1\r\ncontent-length: %zu\r\n\r\n", one_in(24) ? "403 " : "200 ", length);
  memcpy(whole + size, body.at, body.size);
  return mutated(whole, (size_t)size + body.size, 8, 1);
}

static void add_word(const char *word, size_t rarity) { world.words[world.argument_count++] = string(word, rarity); }

static void add_words(const char *const *words, size_t rarity) {
  for (; *words != NULL; words++) add_word(*words, rarity);
}

static void make_arguments(size_t helper) {
  static const char *const keyring[][6] = {
      {"keyring", "get", "https://d-1.example/pypi/r/simple/", "aws", NULL},
      {"/usr/bin/keyring", "--mode=creds", "--output=json", "get", "https://x/", NULL},
      {"keyring", "get", "https://x/", "--mode", "creds", NULL},
      {"keyring", "--mode=creds", "get", "x.example", "", NULL},
  };
  static const char *const exec[][7] = {
      {"vouch", "exec", "--", "tool", "one", "two", NULL},
      {"./vouch", "exec", "--", "/usr/bin/tool", NULL},
      {"vouch", "exec", "--", "npm", "install", NULL},
  };
  static const char *const cargo[][4] = {{"/home/u/bin/vouch", "--cargo-plugin", NULL}, {"npm", "--cargo-plugin", NULL}};
  static const char *const prompt[] = {"vouch", "status", "--prompt", NULL};
  size_t rarity = 24;
  if (helper == 0) add_words(cargo[one_in(32)], rarity);
  if (helper == 1) add_words(ONE_OF(keyring), rarity);
  if (helper == 2) add_words(exec[one_in(16) ? 2 : below(2)], rarity);
  if (helper == 3) add_words(prompt, rarity);
  if (one_in(200)) {
    for (size_t many = below(1200); many > 0; many--) add_word("x", 1000);
  }
}

static void make_variables(void) {
  static const char *const rare[] = {
      "VOUCH_IDENTITY=x", "VOUCH_DEBUG=1",   "VOUCH_DEBUG=",    "PIP_INDEX_URL=https://own.example/", "CARGO_REGISTRY_INDEX_URL=",
      "VOUCH_SHIM_TRAIL=4242:/bin/sh", "VOUCH_SHIM_TRAIL=1:/bin/sh", "TWINE_USERNAME=me", "HOME", "=", "PATH=/evil", "PATH=",
      "CODEARTIFACT_AUTH_TOKEN=old", "npm_config_//x.example/npm/r/:_authToken=old", "VOUCH_PIP=4141", "PIP_CONFIG_FILE=/x",
  };
  size_t rarity = 32;
#define ADD(text) (world.words[world.argument_count + world.variable_count++] = string((text), rarity))
  if (!one_in(8)) ADD("VOUCH_RUNTIME_DIR=/run/v");
  if (one_in(4)) ADD("XDG_RUNTIME_DIR=/run/x");
  if (!one_in(8)) ADD("HOME=/home/u");
  ADD("PATH=/usr/local/bin:/usr/bin:/bin");
  if (!one_in(3)) ADD("VOUCH_PIP=4141:/usr/bin/pip");
  for (size_t many = one_in(4) ? below(4) : 0; many > 0; many--) ADD(ONE_OF(rare));
  if (one_in(400)) {
    for (size_t many = below(4200); many > 0; many--) ADD("A=1");
  }
#undef ADD
}

static struct file good_or(uint16_t mode, uint16_t other_mode) {
  struct file file = {USER, mode, 0};
  static const uint16_t modes[] = {TYPE_FOLDER | 0755, TYPE_FOLDER | 0701, TYPE_FILE | 0600, TYPE_SOCKET | 0600, 0020600, 0};
  if (one_in(24)) file.uid = one_in(2) ? 0 : USER + 1;
  if (one_in(24)) file.mode = one_in(2) ? other_mode : ONE_OF(modes);
  if (one_in(24)) file.is_link = 1;
  return file;
}

static void make_places(void) {
  static const char *const folders[] = {"/home/u/project/deep", "/home/u", "/", "/tmp", "(unreachable)/x"};
  static const char command_lines[][32] = {"cargo\0build\0--quiet", "/usr/bin/make\0all", "poetry\0install", "pip\0download",
                                           "/x/cargo\0install", "cargo-add\0add", "sh\0-c\0vouch", "cargo"};
  static const size_t sizes[] = {20, 18, 15, 13, 17, 14, 12, 6};
  size_t which = one_in(2) ? below(3) : below(8);
  world.command_line = mutated(command_lines[which], sizes[which], 12, 1);
  const char *folder = ONE_OF(folders);
  world.current_folder = mutated(folder, strlen(folder) + 1, 24, 1);
  if (world.current_folder.size > 0) world.current_folder.at[world.current_folder.size - 1] = 0;
  world.folder = good_or(TYPE_FOLDER | 0700, TYPE_FOLDER | 0750);
  world.socket = good_or(TYPE_SOCKET | 0755, TYPE_FILE | 0755);
  world.parent_folder = good_or(TYPE_FOLDER | 0700, TYPE_FOLDER | 0777);
  static const uint16_t above[] = {TYPE_FOLDER | 0777, TYPE_FOLDER | 01777, TYPE_FOLDER | 0775, TYPE_FILE | 0755};
  struct file *const parents[] = {&world.run_folder, &world.root_folder};
  for (size_t index = 0; index < 2; index++) {
    *parents[index] = (struct file){one_in(8) ? (one_in(2) ? USER : USER + 1) : 0, TYPE_FOLDER | 0755, index == 0 && one_in(24)};
    if (one_in(8)) parents[index]->mode = ONE_OF(above);
  }
  world.peer = one_in(24) ? (one_in(2) ? 0 : USER + 1) : USER;
  /* Another user's folder, mounted there; or one that others may enter. */
  if (one_in(8)) {
    uint32_t owner = one_in(4) ? USER : USER + 1;
    world.folder.uid = world.socket.uid = world.peer = owner;
    world.folder.mode = one_in(8) ? TYPE_FOLDER | 0731 : TYPE_FOLDER | 0711;
  }
  world.project_depth = one_in(8) ? (int)below(4) : -1;
  world.is_program = !one_in(16);
}

static void make_faults(void) {
  static const long faults[] = {-1, -2, -4, -9, -11, -12, -13, -22, -32, -38, -104, -110, 0x7fffffff};
  static const long files[] = {3, 3, 3, 9, 10, 63, 99, 100, 5000};
  world.memory_file = ONE_OF(files);
  world.closed_descriptor = one_in(64) ? (int)below(3) : -1;
  if (one_in(3)) {
    world.fault_at = 1 + below(60);
    world.fault = faults[below(sizeof faults / sizeof *faults - 1)];
  }
  world.is_silent = one_in(16);
  world.write_limit = one_in(8) ? 1 + below(100) : SIZE_MAX / 64;
  world.full_writes = one_in(16) ? (int)(one_in(8) ? 1000000 : below(20)) : 0;
  static const int64_t steps[] = {0, 1, 1, 1, 7, 1000, 40000, INT64_C(1) << 40};
  world.step_ms = world.full_writes > 20 ? 1 + (int64_t)below(9) : ONE_OF(steps);
  world.now_ms = one_in(4) ? 0 : (int64_t)below(1u << 30);
}

void make_world(uint64_t seed) {
  memset(&world, 0, sizeof world);
  state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
  for (int warm = 0; warm < 4; warm++) next_random();
  struct bytes *recorded[] = {&world.output, &world.handed_over, &world.received, &world.request, &world.input_read};
  for (size_t index = 0; index < sizeof recorded / sizeof *recorded; index++) add_bytes(recorded[index], "", 0);
  size_t helper = below(4);
  make_arguments(helper);
  make_variables();
  make_places();
  make_faults();
  char requests[4 * sizeof cargo_request] = "";
  for (size_t many = one_in(4) ? below(4) : 1; many > 0; many--) strcat(requests, cargo_request);
  if (one_in(2)) {
    world.input = in_parts(mutated(requests, strlen(requests), 4, 1));
  } else {
    /* As Cargo does: a line, the answer, the next line. */
    for (world.input.count = 0; world.input.count < 1 + below(MAX_EXCHANGES); world.input.count++) {
      world.input.parts[world.input.count] = mutated(cargo_request, sizeof cargo_request - 1, 6, 1);
    }
    for (size_t index = 0; index < world.input.count; index++) {
      if (world.input.parts[index].size == 0) world.input.count = index;
    }
  }
  for (size_t index = 0; index < MAX_EXCHANGES; index++) {
    const char *replies[] = {cargo_reply, token_reply, ONE_OF(environment_replies), prompt_reply};
    const char *reply = replies[helper];
    if (one_in(32)) reply = one_in(2) ? "" : "{\"error\":{\"code\":\"login_needed\"}}";
    world.answers[index] = in_parts(answer_of(reply));
    if (one_in(32)) world.answers[index].count = 0;
  }
  world.block = block_of((2 + 1 + world.argument_count + 1 + world.variable_count + 1) * sizeof(long));
  world.stack = world.block + 2;
  long *place = world.stack;
  *place++ = (long)world.argument_count;
  for (size_t index = 0; index < world.argument_count; index++) *place++ = (long)world.words[index];
  *place++ = 0;
  for (size_t index = 0; index < world.variable_count; index++) *place++ = (long)world.words[world.argument_count + index];
  *place = 0;
}
