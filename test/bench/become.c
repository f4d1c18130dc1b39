/* A static program that becomes the command in its words: what no `vouch exec -- COMMAND` can be faster than. */
#include <unistd.h>

int main(int count, char **words) {
  if (count < 2) return 1;
  execv(words[1], words + 1);
  return 127;
}
