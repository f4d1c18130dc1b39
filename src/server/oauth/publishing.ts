/**
 * Publishing: a session and a fresh touch of one of the user's security keys give an ID token whose purpose is `publish`.
 * A session alone never does, so that code which runs as the user publishes nothing.
 */
import * as v from "valibot";
import { VouchError } from "../../base/errors.ts";
import { readJson } from "../http/body.ts";
import type { Handler, ServerContext } from "../context.ts";
import { beginApproval, publication, recordApproval, takeApproval, verifyApproval } from "../keys/approval.ts";
import { mayPublish } from "../keys/marked-keys.ts";
import { randomToken } from "../random.ts";
import { AuthenticationResponseSchema } from "../webauthn/webauthn-json.ts";
import { announcedGroups } from "./session-tags.ts";
import { authorize, stillLive, type Authorized } from "./authorization.ts";

const PublishRequest = v.strictObject({
  ceremony: v.pipe(v.string(), v.maxCodePoints(64)),
  approval: AuthenticationResponseSchema,
  /** The process that the client holds the token for: its id and its start time, which the touch was given for. */
  holder: v.pipe(v.string(), v.regex(/^[1-9]\d{0,9} [\d.]{1,32}$/, "expected the id of a process and its start time")),
});

/** POST /v1/publish/options: begins a ceremony of 60 seconds, whose challenge belongs to this session. */
export const publishOptions: Handler = async (request, context) => {
  const session = await authorize(request, context);
  await readJson(request, v.strictObject({}));
  expectMayPublish(session, context);
  const all = await context.store.credentials.ofUser(session.user.id);
  const enrolled = all.filter((key) => mayPublish(key, context));
  if (enrolled.length === 0) throw noSuchKey();
  const begun = await beginApproval(context, approvedBy(session, context), randomToken(), enrolled);
  return { response: Response.json(begun), user: session.user.id };
};

/** POST /v1/publish: verifies the assertion and gives one ID token for publishing, for AWS's audience. */
export const publish: Handler = async (request, context) => {
  const session = await authorize(request, context);
  const { ceremony, approval, holder } = await readJson(request, PublishRequest);
  expectMayPublish(session, context);
  const deed = { purpose: "publish", about: holder } as const;
  const change = approvedBy(session, context);
  const challenge = await takeApproval(context, change, ceremony);
  const approved = await verifyApproval(context, change, { challenge, approval, deed });
  const touched = await context.store.credentials.find(approved.credentialId);
  if (touched === undefined || !mayPublish(touched.credential, context)) throw noSuchKey();
  const now = context.now();
  const audience = context.audiences[0] ?? "";
  const jti = crypto.randomUUID();
  const { live, groups } = await context.store.transaction(async (tables) => {
    const found = await stillLive(tables, session, now);
    await recordApproval(tables, approved, now);
    await tables.record({
      event: "publish",
      user: found.user,
      credential: approved.credentialId,
      address: context.caller.address,
      detail: { audience, jti },
    });
    return { live: found, groups: await announcedGroups(tables, found.user.id, context.tagGroups) };
  });
  // The key that was touched, which may be another one than logged in.
  const publisher = { ...live, credentialId: approved.credentialId, proof: approved.proof };
  const idToken = await context.issuer.issueIdToken(publisher, { audience, jti, now, purpose: "publish", groups });
  if (idToken.isLate) await stillLive(context.store, session, context.now());
  const { jwt, expiresIn } = idToken;
  return { response: Response.json({ idToken: jwt, expiresIn }), user: session.user.id };
};

function approvedBy(session: Authorized, { publishVerification }: ServerContext) {
  return publication(session, publishVerification === "pin" ? "required" : "discouraged");
}

/** Throws `login_denied` for a session of a browser, where those publish nothing. */
function expectMayPublish({ openedBy }: Authorized, { browserLogin }: ServerContext): void {
  if (openedBy !== "browser" || browserLogin?.publish === true) return;
  throw new VouchError("login_denied", "A session that was opened in a browser publishes nothing at this server.", {
    hint: "Log in with your security key at the command line: `vouch login`.",
  });
}

function noSuchKey(): VouchError {
  return new VouchError(
    "login_denied",
    "Keys of a phone or computer, and keys that those approved, publish nothing at this server.",
    {
      hint: "Touch another of your security keys: `vouch keys list` marks those.",
    },
  );
}
