/** The audit log as a file of JSON lines, the oldest first, as `vouch server audit --jsonl` prints it. */
import * as v from "valibot";
import { printableJson } from "../../../../base/words/printable.ts";
import { expectRight } from "../../../administration/rights.ts";
import { type AuditFilter, entries } from "../../../audit/search.ts";
import type { Handler, ServerContext } from "../../../context.ts";
import { queryOf } from "../../../http/query.ts";
import { parseFields } from "../../fields.ts";
import { type SignedIn, signedIn, stillSignedIn } from "../../session.ts";
import { auditFields, auditFilter } from "./query.ts";

/** Characters that are sent at once, about. */
const chunkLength = 64 * 1024;

/** GET /admin/audit/export: reads on only as fast as the browser takes it. */
export const exportAudit: Handler = async (request, context) => {
  const session = await signedIn(request, context);
  await expectRight(context.store, session.user.id, "read");
  const filter = auditFilter(parseFields(v.object(auditFields), queryOf(request)), context.now());
  const chunks = lines(context, session, filter);
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await chunks.next();
      if (done === true) controller.close();
      else controller.enqueue(Buffer.from(value));
    },
    async cancel() {
      await chunks.return(undefined);
    },
  });
  const headers = {
    "content-type": "application/jsonl; charset=utf-8",
    "content-disposition": 'attachment; filename="vouch-audit.jsonl"',
    "cross-origin-resource-policy": "same-origin",
  };
  return { response: new Response(body, { headers }), user: session.user.id };
};

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
