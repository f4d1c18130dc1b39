/** Whether a database is used by nobody else, for what must not happen beside a running server. */
import type { Secret } from "../../base/secret.ts";
import { unusable } from "./failure.ts";
import { sqlitePath } from "./open.ts";
import { isPostgresUrl, postgresAddress } from "./postgres/address.ts";
import { requireAloneAt } from "./postgres/alone.ts";
import { requireAlone } from "./sqlite/alone.ts";

/**
 * Throws `edit_conflict` while another process of Vouch uses the database that `url` names; `usage`, `file_error`,
 * `network`, `settings_invalid` where that cannot be found out.
 */
export async function requireUnused(url: string, password: Secret | undefined): Promise<void> {
  if (!isPostgresUrl(url)) return requireAlone(sqlitePath(url));
  const address = postgresAddress(url, password);
  try {
    await requireAloneAt(address);
  } catch (error) {
    throw unusable(error, address.name, { hasPassword: address.password !== undefined }) ?? error;
  }
}
