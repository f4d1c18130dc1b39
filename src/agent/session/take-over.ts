/** What a new session keeps of the one that it replaces. */
import type { Settings } from "../../settings/settings.ts";
import type { OpenSession } from "./sessions.ts";

/**
 * The new session holds the tokens of the replaced one: those that AWS has given are good whatever becomes of their
 * session; those of another person are not this one's.
 */
export function takeOver(replaced: OpenSession, { server, session, tokens }: OpenSession, settings: Settings): void {
  const isSame = replaced.server === server && replaced.session.user === session.user;
  if (!isSame || replaced.session.ended !== undefined) return;
  for (const held of replaced.tokens.held(settings)) tokens.hold(held);
}
