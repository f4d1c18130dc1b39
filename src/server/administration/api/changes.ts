/**
 * POST /v1/admin/changes: what administrators change over the API, in two steps. A session alone changes nothing: a touch
 * of one of the administrator's keys, given for exactly this change, goes with it.
 */
import * as v from "valibot";
import { administer } from "../../../fido/webauthn/deed.ts";
import type { Handler } from "../../context.ts";
import { readJson } from "../../http/body.ts";
import { administration, beginApproval, recordApproval, takeApproval, verifyApproval } from "../../keys/approval.ts";
import { abilityAt, approversOf, expectApprover } from "../../keys/marked-keys.ts";
import { authorize, stillLive } from "../../oauth/authorization.ts";
import { randomToken } from "../../random.ts";
import { AuthenticationResponseSchema } from "../../webauthn/webauthn-json.ts";
import { AdminChange, expectPossible, partsOf, perform, subjectsOf } from "../change.ts";
import { expectRight } from "../rights.ts";

const OptionsRequest = v.strictObject({ change: AdminChange });
const ChangeRequest = v.strictObject({
  ceremony: v.pipe(v.string(), v.maxCodePoints(64)),
  approval: AuthenticationResponseSchema,
  change: AdminChange,
});

/** POST /v1/admin/changes/options: begins a change; any key of the administrator can approve it that may publish. */
export const changeOptions: Handler = async (request, context) => {
  const session = await authorize(request, context);
  const { user } = session;
  const { store } = context;
  await expectRight(store, user.id, "change");
  const { change } = await readJson(request, OptionsRequest);
  const subjects = await expectPossible(store, change);
  const enrolled = approversOf(await store.credentials.ofUser(user.id), context);
  const begun = await beginApproval(
    context,
    administration(session, partsOf(change), subjects),
    randomToken(),
    enrolled,
  );
  return { response: Response.json(begun), user: user.id };
};

/** POST /v1/admin/changes: makes the change that was approved. */
export const makeChange: Handler = async (request, context) => {
  const session = await authorize(request, context);
  const { user } = session;
  await expectRight(context.store, user.id, "change");
  const { ceremony, approval, change } = await readJson(request, ChangeRequest);
  const parts = partsOf(change);
  const challenge = await takeApproval(context, administration(session, parts), ceremony);
  const subjects = await subjectsOf(context.store, change);
  const approvable = administration(session, parts, subjects);
  const approved = await verifyApproval(context, approvable, { challenge, approval, deed: administer(parts) });
  expectApprover(approved, context);
  const outcome = await context.store.transaction(async (tables) => {
    const now = context.now();
    await stillLive(tables, session, now);
    await expectRight(tables, user.id, "change");
    await recordApproval(tables, approved, now);
    const actor = {
      user,
      address: context.caller.address,
      approvedBy: approved.credentialId,
      ability: abilityAt(context),
    };
    return await perform(tables, actor, { change, subjects, now });
  });
  return { response: Response.json({ outcome }), user: user.id };
};
