/*
 * The agent's replies, taken apart from left to right: exactly the JSON that this version's agent writes, without spaces
 * and escapes (ask() lets no other through). Each function takes what it expects from the text's beginning, or returns 0.
 */
#ifndef FIRST_STAGE_REPLY_H
#define FIRST_STAGE_REPLY_H

#include "text.h"

static inline int take(struct text *rest, struct text expected) {
  if (!starts_with(*rest, expected)) return 0;
  *rest = text_after(*rest, expected.size);
  return 1;
}

/* A string; `value` is what stands between its quotes. */
static inline int take_string(struct text *rest, struct text *value) {
  if (!take(rest, TEXT("\""))) return 0;
  *value = (struct text){rest->bytes, index_of(*rest, TEXT("\""))};
  *rest = text_after(*rest, value->size);
  return take(rest, TEXT("\""));
}

/* A token: a string that is not empty, without spaces. */
static inline int take_token(struct text *rest, struct text *token) {
  return take_string(rest, token) && token->size > 0 && !contains(*token, TEXT(" "));
}

/* Whole seconds since 1970, before the year 10000. */
static inline int take_time(struct text *rest) {
  uint64_t time = 0;
  size_t digits = 0;
  for (; digits < rest->size && digits < 13; digits++) {
    char digit = rest->bytes[digits];
    if (digit < '0' || digit > '9') break;
    if (digits == 0 && digit == '0') return 0;
    time = time * 10 + (uint64_t)(digit - '0');
  }
  *rest = text_after(*rest, digits);
  return digits > 0 && time < 253402300800;
}

#endif
