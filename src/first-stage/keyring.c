/*
 * `keyring get SERVICE [aws]`, also with pip's `--mode=creds --output=json` and with uv's and PDM's `--mode creds`. All
 * dialects are in src/tools/python/keyring.ts, which checks the project's files too.
 */
#include "agent.h"
#include "reply.h"

enum {
  /* Of the request's body. */
  BODY_SIZE = 8192,
};

/* What is printed beside the token. */
struct dialect {
  struct text before, after;
  int is_json;
};

/* Whether a project's files may decide where the password goes: its parent's command line has a package manager's name. */
static int may_have_project(char *buffer) {
  struct text command = read_parent_command(buffer);
  return command.size == 0 || contains(command, TEXT("pip")) || contains(command, TEXT("uv")) ||
         contains(command, TEXT("pdm"));
}

/* Whether the `pip` shim, which is the process that asks, has looked at the project: it leaves its process id. */
static int is_checked_by_shim(const struct start *start) {
  char expected_bytes[16];
  struct buffer expected = BUFFER(expected_bytes);
  append_number(&expected, (uint64_t)(uint32_t)sys_parent());
  append(&expected, TEXT(":"));
  struct text checked = variable(start, TEXT("VOUCH_PIP"));
  return checked.bytes != NULL && starts_with(checked, text_in(&expected));
}

/* The request for a token, as JSON.stringify writes it. Overflows if the URL needs other escapes. */
static void append_request(struct buffer *body, struct text url) {
  append(body, TEXT("{\"url\":\""));
  for (size_t index = 0; index < url.size; index++) {
    char byte = url.bytes[index];
    if (byte < ' ' || byte > '~') body->overflow = 1;
    if (byte == '"' || byte == '\\') append(body, TEXT("\\"));
    append(body, (struct text){&byte, 1});
  }
  append(body, TEXT("\",\"format\":\"pypi\"}"));
}

/* Splits the arguments: the service, and what its dialect prints. 0 for what is not plain. */
static int parse(const struct start *start, struct text *service, struct dialect *dialect) {
  const char *const *words = start->arguments + 1;
  size_t count = start->argument_count - 1;
  *dialect = (struct dialect){TEXT(""), TEXT("\n"), 0};
  if (count > 0 && is_same(text_of(words[0]), TEXT("--mode=creds"))) {
    *dialect = (struct dialect){TEXT("aws\n"), TEXT("\n"), 0};
    words++;
    count--;
    if (count > 0 && is_same(text_of(words[0]), TEXT("--output=json"))) {
      *dialect = (struct dialect){TEXT("{\"username\":\"aws\",\"password\":\""), TEXT("\"}\n"), 1};
      words++;
      count--;
    }
  }
  if (count < 2 || !is_same(text_of(words[0]), TEXT("get"))) return 0;
  *service = text_of(words[1]);
  if (starts_with(*service, TEXT("-"))) return 0;
  words += 2;
  count -= 2;
  if (count == 0) return 1;
  struct text user = text_of(words[0]);
  if (count == 1) return user.size == 0 || is_same(user, TEXT("aws"));
  if (count == 2 && dialect->before.size == 0 && is_same(user, TEXT("--mode")) &&
      is_same(text_of(words[1]), TEXT("creds"))) {
    dialect->before = TEXT("aws\n");
    return 1;
  }
  return 0;
}

void answer_keyring(const struct start *start, struct progress *progress, char *answer_buffer) {
  struct text service;
  struct dialect dialect;
  if (!parse(start, &service, &dialect)) return;
  /* Cargo would send the output to a registry: src/main.ts refuses. */
  if (has_variable(start, TEXT("CARGO_REGISTRY_INDEX_URL"))) return;
  if (!is_checked_by_shim(start) && (dialect.is_json || may_have_project(answer_buffer))) return;
  char body_bytes[BODY_SIZE];
  struct buffer body = BUFFER(body_bytes);
  append_request(&body, service);
  if (body.overflow) return;
  struct text reply = ask(start, progress, TEXT(ROUTE_TOKEN), text_in(&body), answer_buffer);
  struct text token, endpoint;
  if (!take(&reply, TEXT("{\"token\":")) || !take_token(&reply, &token) || !take(&reply, TEXT(",\"expiration\":")) ||
      !take_time(&reply) || !take(&reply, TEXT(",\"endpoint\":")) || !take_string(&reply, &endpoint) ||
      !take(&reply, TEXT("}")) || reply.size != 0) {
    return;
  }
  char printed_bytes[BUFFER_SIZE];
  struct buffer printed = BUFFER(printed_bytes);
  append(&printed, dialect.before);
  append(&printed, token);
  append(&printed, dialect.after);
  if (!printed.overflow && print(text_in(&printed))) sys_exit(0);
}
