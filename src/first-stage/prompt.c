/* `vouch status --prompt`: the session's time left, for a shell's prompt. The other side is src/helper/status-prompt.ts. */
#include "agent.h"
#include "reply.h"

void answer_prompt(const struct start *start, struct progress *progress, char *answer_buffer) {
  /* A prompt is waited for: an agent that hangs must not hold it up. */
  progress->limit_ms = PROMPT_LIMIT_MS;
  struct text reply = ask(start, progress, TEXT(ROUTE_TIME_LEFT), TEXT("{}"), answer_buffer);
  struct text left;
  if (!take(&reply, TEXT("{\"text\":")) || !take_token(&reply, &left) || !take(&reply, TEXT("}")) || reply.size != 0) {
    return;
  }
  char printed_bytes[BUFFER_SIZE];
  struct buffer printed = BUFFER(printed_bytes);
  append(&printed, left);
  append(&printed, TEXT("\n"));
  if (!printed.overflow && print(text_in(&printed))) sys_exit(0);
}
