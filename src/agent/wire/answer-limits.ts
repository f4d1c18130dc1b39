/**
 * How long `vouch` takes at most to answer a package manager, from its own limits. A plugin that starts it waits as long:
 * ended earlier, it could not say what was in the way. Shims load this file at each start: it imports nothing.
 */

/** The limit on one request to the agent: enough for the whole chain of calls on a cold agent, with retries; milliseconds. */
export const defaultTimeoutMs = 30_000;
/** How long another program's request for a touch is waited for, which lasts a minute at most; milliseconds. */
export const turnMs = 2 * 60_000;
/** The server waits a minute for a touch to publish: the limit on question and touch together; seconds. */
export const touchToPublishSeconds = 50;

/** For its start, and for a machine that is busy; milliseconds. */
const marginMs = 30_000;

/**
 * By purpose, in milliseconds. Publishing asks the agent up to five times: for the token before and after the touch, for
 * the turn (once more when the wait for it ends), for the end of the touch, and to take the request back.
 */
export const answerLimitMs = {
  read: defaultTimeoutMs + marginMs,
  publish: turnMs + touchToPublishSeconds * 1000 + 6 * defaultTimeoutMs + marginMs,
} as const;
