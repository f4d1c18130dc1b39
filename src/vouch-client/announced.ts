/** What the Vouch server announces to laptops, documented in docs/openapi.yaml. */
import * as v from "valibot";
import { type AnnouncedBody, digestOf, digestPattern } from "../announced/body.ts";
import { notAccepted, parseAnnounced } from "../announced/parse.ts";
import type { SessionApi } from "./session-api.ts";

const Answer = v.object({ profile: v.looseObject({}), digest: v.pipe(v.string(), v.regex(digestPattern)) });

/**
 * What the server announces to the session's user; undefined if it is too old to announce anything. Throws as
 * `SessionApi.ask`, and as `parseAnnounced`.
 */
export async function announcedTo(api: SessionApi, signal?: AbortSignal): Promise<AnnouncedBody | undefined> {
  const answer = await api.askIfKnown("/v1/profile", Answer, signal);
  if (answer === undefined) return undefined;
  const body = parseAnnounced(answer.profile);
  if (digestOf(body) === answer.digest) return body;
  throw notAccepted("its digest is another one");
}
