/** Single sign-on in a handler that is of no use without it. */
import type { ServerContext } from "../context.ts";
import { HttpError } from "../http/failure.ts";
import type { SingleSignOn } from "./context.ts";

/** Returns the context's single sign-on. Throws HttpError (404) without one. */
export function configured({ singleSignOn }: ServerContext): SingleSignOn {
  if (singleSignOn !== undefined) return singleSignOn;
  throw new HttpError(
    404,
    "This server has no single sign-on: the people who run it make enrolment codes (`vouch server invite EMAIL`).",
  );
}
