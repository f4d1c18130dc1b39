/** What every page of the administrators has: who may read it, its query, its head. */
import type * as v from "valibot";
import { expectRight, may } from "../../administration/rights.ts";
import type { Handler, ServerContext } from "../../context.ts";
import { queryOf } from "../../http/query.ts";
import { type AdminPath, html, noticeOf } from "../answer.ts";
import { parseFields } from "../fields.ts";
import { findSignedIn, type SignedIn } from "../session.ts";
import { showSignIn } from "../sign-in/page.tsx";
import { type Child, Fragment, h, type Html } from "../view/jsx.ts";
import { Layout } from "../view/layout.tsx";
import { Notice } from "../view/parts.tsx";

const pages = [
  { path: "/admin", name: "Overview" },
  { path: "/admin/people", name: "People" },
  { path: "/admin/groups", name: "Groups" },
  { path: "/admin/profiles", name: "Profiles" },
  { path: "/admin/invites", name: "Invites" },
  { path: "/admin/scim", name: "SCIM" },
  { path: "/admin/audit", name: "Audit log" },
  { path: "/admin/keys", name: "Keys of the server" },
] as const;

/** Who reads a page. */
export interface Reader {
  session: SignedIn;
  /** Whether the page has forms for them: they can still be refused. */
  mayChange: boolean;
}

/** A page's content. */
export interface AdminContent {
  title: string;
  /** Markup in place of the title as the heading. */
  heading?: Child;
  lead?: Child;
  children: Child;
}

/**
 * Returns the handler of a page for those who may read: `show` gets the query, as the schema has it. `path` is that which
 * the navigation marks.
 */
export function adminPage<Schema extends v.GenericSchema>(
  path: (typeof pages)[number]["path"],
  schema: Schema,
  show: (query: v.InferOutput<Schema>, context: ServerContext, reader: Reader) => Promise<AdminContent>,
): Handler {
  return async (request, context) => {
    const session = await findSignedIn(request, context);
    if (session === undefined) return { response: showSignIn(request, context, "admin") };
    const role = await expectRight(context.store, session.user.id, "read");
    const isAdministrator = may(role, "change");
    const mayChange = isAdministrator && session.method === "key";
    const content = await show(parseFields(schema, queryOf(request)), context, { session, mayChange });
    const notice = noticeOf(request);
    const page = (
      <AdminLayout session={session} path={path} content={content}>
        <Done text={notice.text} />
        {isAdministrator && !mayChange ? (
          <Notice kind="success">
            You came by single sign-on, which reads: to change something, sign out and sign in with a security key.
          </Notice>
        ) : null}
      </AdminLayout>
    );
    return { response: html(page, 200, notice.headers), user: session.user.id };
  };
}

interface LayoutProps {
  session: SignedIn;
  path: AdminPath;
  content: AdminContent;
  /** Before the content. */
  children?: Child;
}

export function AdminLayout({ session, path, content, children }: LayoutProps): Html | null {
  return (
    <Layout title={content.title} session={session} path="/admin">
      <nav class="parts" aria-label="Administration">
        {pages.map((page) => (
          <a href={page.path} aria-current={page.path === path ? "page" : undefined}>
            {page.name}
          </a>
        ))}
      </nav>
      <h1>{content.heading ?? content.title}</h1>
      {content.lead === undefined ? null : <p class="lead">{content.lead}</p>}
      <Fragment>{children}</Fragment>
      <Fragment>{content.children}</Fragment>
    </Layout>
  );
}

function Done({ text }: { text: string | undefined }) {
  return text === undefined ? null : <Notice kind="success">{text}</Notice>;
}
