/* Bytes with a length, and a buffer that never grows: all that the first stage does with text. */
#ifndef FIRST_STAGE_TEXT_H
#define FIRST_STAGE_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of somebody else: an argument, a variable, a part of a buffer. */
struct text {
  const char *bytes;
  size_t size;
};

/* A buffer of fixed capacity. What does not fit sets `overflow`, and nothing of it is written. */
struct buffer {
  char *bytes;
  size_t size, capacity;
  int overflow;
};

#define TEXT(literal) ((struct text){(literal), sizeof(literal) - 1})
#define BUFFER(array) ((struct buffer){(array), 0, sizeof(array), 0})

static inline struct text text_of(const char *string) {
  struct text text = {string, 0};
  while (string[text.size] != 0) text.size++;
  return text;
}

static inline int starts_with(struct text text, struct text start) {
  if (text.size < start.size) return 0;
  for (size_t index = 0; index < start.size; index++) {
    if (text.bytes[index] != start.bytes[index]) return 0;
  }
  return 1;
}

static inline int is_same(struct text a, struct text b) { return a.size == b.size && starts_with(a, b); }

static inline struct text text_after(struct text text, size_t size) {
  return (struct text){text.bytes + size, text.size - size};
}

/* Where `part` begins first, or the text's size. */
static inline size_t index_of(struct text text, struct text part) {
  for (size_t index = 0; index + part.size <= text.size; index++) {
    if (starts_with(text_after(text, index), part)) return index;
  }
  return text.size;
}

static inline int contains(struct text text, struct text part) { return index_of(text, part) < text.size; }

/* What follows the last slash; the whole text without one. */
static inline struct text base_name(struct text path) {
  size_t start = path.size;
  while (start > 0 && path.bytes[start - 1] != '/') start--;
  return text_after(path, start);
}

static inline void append(struct buffer *buffer, struct text text) {
  if (text.size > buffer->capacity - buffer->size) {
    buffer->overflow = 1;
    return;
  }
  for (size_t index = 0; index < text.size; index++) buffer->bytes[buffer->size + index] = text.bytes[index];
  buffer->size += text.size;
}

/* Ends a string. */
static inline void append_zero(struct buffer *buffer) { append(buffer, (struct text){"", 1}); }

/* In decimal digits. */
static inline void append_number(struct buffer *buffer, uint64_t number) {
  char digits[20];
  size_t start = sizeof digits;
  do {
    digits[--start] = (char)('0' + number % 10);
    number /= 10;
  } while (number > 0);
  append(buffer, (struct text){digits + start, sizeof digits - start});
}

static inline struct text text_in(const struct buffer *buffer) { return (struct text){buffer->bytes, buffer->size}; }

#endif
