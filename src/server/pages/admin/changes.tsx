/**
 * What administrators change at the pages: each form is one change of `administration`, made in the transaction that checks
 * session, right and touch.
 */
import * as v from "valibot";
import type { AnnouncedBody } from "../../../announced/body.ts";
import { VouchError } from "../../../base/errors.ts";
import { printable } from "../../../base/words/printable.ts";
import {
  AdminChange,
  asAsked,
  expectPossible,
  expectSubjects,
  noSubjects,
  perform,
  type Subjects,
  subjectsOf,
} from "../../administration/change.ts";
import { parseProfile } from "../../announced/file.ts";
import { expectRight } from "../../administration/rights.ts";
import type { Handler } from "../../context.ts";
import { recordApproval } from "../../keys/approval.ts";
import { abilityAt, expectApprover } from "../../keys/marked-keys.ts";
import { normalizeEmail } from "../../keys/email-address.ts";
import type { PageSession } from "../../store/people/page-sessions.ts";
import type { Transaction } from "../../store/store.ts";
import { type AdminPath, html, redirectToAdmin } from "../answer.ts";
import { parseFields } from "../fields.ts";
import { type SignedIn, stillSignedIn } from "../session.ts";
import { readTouchedForm } from "../touch.ts";
import type { CheckForm } from "../touched-forms.ts";
import { h } from "../view/jsx.ts";
import { Install } from "../view/install.tsx";
import { Code, Command, Time } from "../view/parts.tsx";
import { AdminLayout } from "./admin-page.tsx";
import { idFields, PersonLink } from "./parts.tsx";
import { groupPath, personPath, profilePath } from "./paths.ts";
import { maxProfileText } from "./profiles/fields.tsx";

type ChangeType = AdminChange["type"];

/** Where a membership was changed: that page follows. */
const At = v.optional(v.picklist(["person", "group"]), "person");

/** Ids that the page had of those whose address and name it showed. */
const Shown = v.object({
  person: v.optional(v.string()),
  group: v.optional(v.string()),
  item: v.optional(v.string()),
});

/** The fields of a form as its change; what a touch adds to them is no part of it. */
function formOf(type: ChangeType) {
  return v.pipe(
    v.record(v.string(), v.string()),
    v.transform(({ ceremony: _ceremony, approval: _approval, at, last, email, text, ...given }): unknown => {
      const { [idFields.person]: person, [idFields.group]: group, [idFields.item]: item, ...fields } = given;
      const shown = { person, group, item };
      const change = {
        ...fields,
        type,
        ...(text === undefined ? {} : { body: announcedIn(text, fields["profile"] ?? "") }),
        ...(email === undefined ? {} : { email: normalizeEmail(email) ?? email }),
        ...(last === undefined ? {} : { last: last === "yes" }),
      };
      return { at, shown, change };
    }),
    v.object({ at: At, shown: Shown, change: AdminChange }),
  );
}

type ChangeForm = v.InferOutput<ReturnType<typeof formOf>>;

/** About whom the form is, which must be those whom the page showed. Throws as `subjectsOf` and `expectSubjects`. */
async function aboutOf(tables: Transaction, { change, shown }: ChangeForm): Promise<Subjects> {
  const subjects = await subjectsOf(tables, change);
  expectSubjects(subjects, { person: shown.person, group: shown.group, item: shown.item });
  return subjects;
}

/** What the text of a profile announces. Throws `protocol_error`. */
function announcedIn(text: string, name: string): AnnouncedBody {
  if (text.length > maxProfileText) {
    throw new VouchError("protocol_error", `Expected at most ${maxProfileText} characters, got ${text.length}.`, {
      hint: `What is longer is announced on the server's machine: \`vouch server profiles set NAME FILE\`.`,
    });
  }
  try {
    return parseProfile(text, name);
  } catch (error) {
    throw asAsked(error);
  }
}

/** Single sign-on alone reads, also where a key was touched. */
function expectKeySession({ method }: PageSession): void {
  if (method === "key") return;
  throw new VouchError("access_denied", "A session of single sign-on changes nothing here.", {
    hint: "Sign out, and sign in with a security key.",
  });
}

/** Returns the check of the form before a key is touched for it. */
export function checkChange(type: ChangeType): CheckForm {
  return async (session, fields, { store }) => {
    await expectRight(store, session.user.id, "change");
    expectKeySession(session);
    const form = parseFields(formOf(type), fields);
    await expectPossible(store, form.change);
    return await aboutOf(store, form);
  };
}

/** Returns the handler of POST /admin/changes/TYPE. */
export function makeChange(type: ChangeType): Handler {
  return async (request, context) => {
    const { store } = context;
    let subjects = noSubjects;
    const { session, form, approved } = await readTouchedForm(request, context, formOf(type), async (asked) => {
      subjects = await aboutOf(store, asked);
      return subjects;
    });
    expectApprover(approved, context);
    const { user } = session;
    const { at, change } = form;
    const outcome = await store.transaction(async (tables) => {
      const now = context.now();
      expectKeySession(await stillSignedIn(tables, session, now));
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
    return { response: answer({ session, server: context.url, change, at, outcome }), user: user.id };
  };
}

interface Changed {
  session: SignedIn;
  server: string;
  change: AdminChange;
  at: v.InferOutput<typeof At>;
  outcome: Awaited<ReturnType<typeof perform>>;
}

/** A secret is shown this once: the database has its hash alone. */
function answer({ session, server, change, at, outcome }: Changed): Response {
  if (change.type === "invite") return showInvite(session, server, change.email, outcome);
  if (change.type === "add-scim-token") return showScimToken(session, server, change.token, outcome);
  return redirectToAdmin(pageAfter(change, at), outcome["changed"] === false ? "nothing-changed" : change.type);
}

type Shown = Exclude<AdminChange, { type: "invite" | "add-scim-token" }>;

function pageAfter(change: Shown, at: v.InferOutput<typeof At>): AdminPath {
  switch (change.type) {
    case "remove-group":
      return "/admin/groups";
    case "set-profile":
      return profilePath(change.profile);
    case "remove-profile":
      return "/admin/profiles";
    case "remove-scim-token":
      return "/admin/scim";
    case "add-group":
      return groupPath(change.group);
    case "rename-group":
      return groupPath(change.name);
    case "join-group":
    case "leave-group":
      return at === "group" ? groupPath(change.group) : personPath(change.email);
    default:
      return personPath(change.email);
  }
}

function showInvite(
  session: SignedIn,
  server: string,
  email: string,
  { code, expiresAt }: Readonly<Record<string, string | number | boolean>>,
): Response {
  const content = {
    title: "An enrolment code",
    lead: "It is shown this once.",
    children: (
      <section class="card" aria-label="The code">
        <p>
          For <PersonLink email={email} />, good for one security key until <Time at={Number(expiresAt)} />.
        </p>
        <Code>{String(code)}</Code>
        <p>Give it to {printable(email)} and to nobody else, in a way that you trust. They install Vouch,</p>
        <Install />
        <p>run this, and type the code:</p>
        <Command>{`vouch enroll --server ${server}`}</Command>
        <p class="actions">
          <a class="button" href="/admin/invites">
            All open codes
          </a>
        </p>
      </section>
    ),
  };
  return html(<AdminLayout session={session} path="/admin/invites" content={content} />);
}

function showScimToken(
  session: SignedIn,
  server: string,
  name: string,
  { token }: Readonly<Record<string, string | number | boolean>>,
): Response {
  const content = {
    title: "A token of SCIM",
    lead: "It is shown this once.",
    children: (
      <section class="card" aria-label="The token">
        <p>Base URL and token of {printable(name)}. Give both to the identity provider, and keep neither elsewhere.</p>
        <Command>{`${server}/scim/v2`}</Command>
        <Command>{String(token)}</Command>
        <p class="actions">
          <a class="button" href="/admin/scim">
            All tokens
          </a>
        </p>
      </section>
    ),
  };
  return html(<AdminLayout session={session} path="/admin/scim" content={content} />);
}
