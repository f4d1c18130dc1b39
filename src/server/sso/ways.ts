/** How people get an enrolment code. */
import type { Handler } from "../context.ts";

/**
 * GET /v1/enroll/ways: by an invite, and by single sign-on where it is set up; and whether laptops are told after the login
 * what they use, so that nobody types it before.
 */
export const enrollWays: Handler = async (_request, { singleSignOn, store }) => ({
  response: Response.json({
    invite: true,
    ...((await store.laptopProfiles.hasAny()) ? { announces: true } : {}),
    ...(singleSignOn === undefined ? {} : { singleSignOn: { name: singleSignOn.name } }),
  }),
});
