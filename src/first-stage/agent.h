/* The agent: where it listens, whether it can be trusted, and one exchange with it. */
#ifndef FIRST_STAGE_AGENT_H
#define FIRST_STAGE_AGENT_H

#include "stage.h"

/*
 * Sends a request and gives the body of a plain answer (status 200, ASCII without escapes, whole), which lies in the
 * buffer of BUFFER_SIZE bytes; of size 0 for anything else. `progress` says how far it came.
 */
struct text ask(const struct start *start, struct progress *progress, struct text route, struct text body, char *buffer);

/*
 * Writes all bytes to stdout. 0 if nothing could be written: the runtime tries again and reports the error. Ends the
 * process with 1 if a part was written and the rest is not accepted within ten seconds.
 */
int print(struct text bytes);

#endif
