import { digestOf } from "../../announced/body.ts";
import type { Handler } from "../context.ts";
import { authorize } from "../oauth/authorization.ts";
import { announcementFor } from "./announcement.ts";

/** GET /v1/profile: what the laptops of the session's user are told to use. */
export const showProfile: Handler = async (request, context) => {
  const { user } = await authorize(request, context);
  const profile = await announcementFor(context.store, user.id);
  return { response: Response.json({ profile, digest: digestOf(profile) }), user: user.id };
};
