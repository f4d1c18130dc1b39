/** The audit log as a file of JSON lines, the oldest first, as `vouch server audit --jsonl` prints it. */
import * as v from "valibot";
import { printableJson } from "../../../../base/words/printable.ts";
import { expectRight } from "../../../administration/rights.ts";
import { type AuditFilter, entries } from "../../../audit/search.ts";
import type { Handler, ServerContext } from "../../../context.ts";
import { HttpError } from "../../../http/failure.ts";
import { queryOf } from "../../../http/query.ts";
import { parseFields } from "../../fields.ts";
import { type SignedIn, signedIn, stillSignedIn } from "../../session.ts";
import { auditFields, auditFilter } from "./query.ts";

/** Characters that are sent at once, about. */
const chunkLength = 64 * 1024;

/**
 * GET /admin/audit/export: reads on only as fast as the browser takes it, and one at a time for each person. Throws HttpError
 * (429).
 */
export const exportAudit: Handler = async (request, context) => {
  const session = await signedIn(request, context);
  await expectRight(context.store, session.user.id, "read");
  const filter = auditFilter(parseFields(v.object(auditFields), queryOf(request)), context.now());
  const headers = {
    "content-type": "application/jsonl; charset=utf-8",
    "content-disposition": 'attachment; filename="vouch-audit.jsonl"',
    "cross-origin-resource-policy": "same-origin",
  };
  const user = session.user.id;
  // Nobody reads the body of a HEAD.
  if (request.method === "HEAD") return { response: new Response(null, { headers }), user };
  const lease = context.exports.take(user);
  if (typeof lease === "string") throw busy(lease);
  const chunks = lines(context, session, filter);
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        lease.renew();
        const { value, done } = await chunks.next();
        if (done !== true) return controller.enqueue(Buffer.from(value));
        lease.end();
        controller.close();
      } catch (error) {
        lease.end();
        throw error;
      }
    },
    async cancel() {
      lease.end();
      await chunks.return(undefined);
    },
  });
  request.signal.addEventListener("abort", () => lease.end());
  return { response: new Response(body, { headers }), user };
};

function busy(which: "own" | "all"): HttpError {
  const words = {
    own: "An export of yours is under way: let it end, or stop it, before you begin another.",
    all: "As many exports as there may be are under way: try again when one has ended.",
  };
  return new HttpError(429, words[which], { "retry-after": "30" });
}

/** Ends with an error, which the browser shows as a broken download, once the session or the right has ended. */
async function* lines(
  { store, now }: ServerContext,
  session: SignedIn,
  filter: AuditFilter,
): AsyncGenerator<string, undefined> {
  let chunk = "";
  for await (const entry of entries(store, filter)) {
    chunk += `${printableJson(entry)}\n`;
    if (chunk.length < chunkLength) continue;
    await stillSignedIn(store, session, now());
    await expectRight(store, session.user.id, "read");
    yield chunk;
    chunk = "";
  }
  if (chunk !== "") yield chunk;
  return undefined;
}
