/** Refusals in the audit log. */
import type { Caller } from "../context.ts";
import type { Store } from "../store/store.ts";

/**
 * Records that something was refused, if it is known whom the request is about: what strangers make up would fill the
 * database. Throws the database's errors.
 */
export async function recordRefusal(
  store: Store,
  { user, credential, address }: Caller,
  { path, code, detail: reason }: { path: string; code: string; detail: string },
): Promise<void> {
  if (user === undefined) return;
  await store.transaction(async ({ record }) =>
    record({ event: "refuse", user, credential, address, reason, detail: { path, code } }),
  );
}
