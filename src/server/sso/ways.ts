/** How people get an enrolment code. */
import type { Handler } from "../context.ts";

/** GET /v1/enroll/ways: by an invite, and by single sign-on where it is set up. */
export const enrollWays: Handler = async (_request, { singleSignOn }) => ({
  response: Response.json({
    invite: true,
    ...(singleSignOn === undefined ? {} : { singleSignOn: { name: singleSignOn.name } }),
  }),
});
