/* What compilers call without being asked: to clear and to copy structures. */
#include <stddef.h>

void *memset(void *target, int value, size_t size);
void *memcpy(void *restrict target, const void *restrict source, size_t size);

/* volatile: or the compiler sees that the loop is what it would call this function for. */
void *memset(void *target, int value, size_t size) {
  volatile unsigned char *bytes = target;
  for (size_t index = 0; index < size; index++) bytes[index] = (unsigned char)value;
  return target;
}

void *memcpy(void *restrict target, const void *restrict source, size_t size) {
  volatile unsigned char *to = target;
  const unsigned char *from = source;
  for (size_t index = 0; index < size; index++) to[index] = from[index];
  return target;
}
