/** An announcement as it comes from a server that nobody has to believe. */
import * as v from "valibot";
import { VouchError } from "../base/errors.ts";
import { AnnouncedBody, problemOf } from "./body.ts";
import { expectConsistent } from "./consistent.ts";

/** The announcement, if all of it is what a server may announce. Throws `server_error`, without a word of the server's. */
export function parseAnnounced(value: unknown): AnnouncedBody {
  // Valibot takes an empty list for an object.
  if (Array.isArray(value)) throw notAccepted("at the top level: expected a table");
  const result = v.safeParse(AnnouncedBody, value);
  if (!result.success) throw notAccepted(`at ${problemOf(result.issues)}`);
  try {
    expectConsistent(result.output);
  } catch (error) {
    throw notAccepted(VouchError.from(error).message.replace(/\.$/, ""));
  }
  return result.output;
}

/** The error for an announcement; `why`: a clause. */
export function notAccepted(why: string): VouchError {
  return new VouchError("server_error", `What the Vouch server announces to laptops is not accepted: ${why}.`, {
    hint: "Update vouch; if that is no help, tell the people who run your Vouch server.",
  });
}
