/** Ending one's own sessions: a session is enough, as it takes access away and gives none. */
import * as v from "valibot";
import type { Handler } from "../../context.ts";
import { findOwn, publicId, sessionNotFound } from "../../oauth/sessions.ts";
import type { Recording } from "../../store/store.ts";
import { clearedCookie, type SignedIn, stillSignedIn } from "../session.ts";
import { redirect } from "../answer.ts";
import { readPageForm } from "../forms.ts";

const Ending = v.union(
  [
    v.object({ id: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/, "expected the id of a session")) }),
    v.object({ which: v.picklist(["others", "all"]) }),
  ],
  "expected about one session, all others, or all",
);

/** POST /sessions/end: one session, of the command line or of the pages, by its id; all others; or all. */
export const endSession: Handler = async (request, context) => {
  const { session, form } = await readPageForm(request, context, Ending);
  const { user } = session;
  const isOver = await context.store.transaction(async (tables) => {
    const now = context.now();
    await stillSignedIn(tables, session, now);
    const { ended, isThis } = await end(tables, session, form, now);
    const fact = { event: "revoke", user, address: context.caller.address, detail: { sessions: ended } } as const;
    await tables.record({ ...fact, credential: session.credentialId });
    return isThis;
  });
  const done = "which" in form ? "sessions-ended" : "session-ended";
  const response = isOver ? redirect("sign-in", "signed-out", clearedCookie) : redirect("mine", done);
  return { response, user: user.id };
};

async function end(
  tables: Recording,
  { user, tokenHash }: SignedIn,
  form: v.InferOutput<typeof Ending>,
  now: number,
): Promise<{ ended: number; isThis: boolean }> {
  if ("which" in form) {
    const isThis = form.which === "all";
    return { ended: await tables.sessions.revokeAll(user.id, now, isThis ? undefined : tokenHash), isThis };
  }
  const pages = await tables.pageSessions.ofUser(user.id, now);
  const page = pages.find((each) => publicId(each.tokenHash) === form.id);
  if (page) {
    await tables.pageSessions.remove(page.tokenHash);
    return { ended: 1, isThis: page.tokenHash === tokenHash };
  }
  const found = await findOwn(tables, user.id, now, form.id);
  if (!found) throw sessionNotFound();
  await tables.sessions.revoke(found.tokenHash, now);
  return { ended: 1, isThis: false };
}
