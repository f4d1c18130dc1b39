/** All that the audit log has about a person, page by page. */
import * as v from "valibot";
import { AuditCursor, writeCursor } from "../../audit/cursor.ts";
import type { Handler } from "../../context.ts";
import { HttpError } from "../../http/failure.ts";
import type { Position } from "../../store/audit.ts";
import { html } from "../answer.ts";
import { findSignedIn } from "../session.ts";
import { showSignIn } from "../sign-in/page.tsx";
import { Layout } from "../view/layout.tsx";
import { Activity, recentActivity } from "./activity-table.tsx";
import { h } from "../view/jsx.ts";

const perPage = 50;

/** GET /activity: the newest entries, or those before the cursor `before`. */
export const activity: Handler = async (request, context) => {
  const session = await findSignedIn(request, context);
  if (session === undefined) return { response: showSignIn(request, context, "activity") };
  const { user } = session;
  const before = readCursor(URL.parse(request.url, context.url)?.searchParams.get("before"));
  const { entries, next } = await recentActivity(context, user.id, before, perPage);
  const keys = await context.store.credentials.ofUser(user.id);
  const page = (
    <Layout title="Activity" session={session} path="/activity">
      <h1>Activity</h1>
      <p class="lead">What the server has recorded about you, the newest first.</p>
      <section class="card" aria-label="Activity">
        <Activity entries={entries} keys={keys} />
        {before === undefined && next === undefined ? null : (
          <nav class="pager" aria-label="Pages of the activity">
            {before === undefined ? (
              <span />
            ) : (
              <a class="button" href="/activity">
                Newest
              </a>
            )}
            {next === undefined ? (
              <span>That is all.</span>
            ) : (
              <a class="button" href={`/activity?before=${writeCursor(next)}`}>
                Older
              </a>
            )}
          </nav>
        )}
      </section>
    </Layout>
  );
  return { response: html(page), user: user.id };
};

function readCursor(text: string | null | undefined): Position | undefined {
  if (text === null || text === undefined) return undefined;
  const parsed = v.safeParse(AuditCursor, text);
  if (parsed.success) return parsed.output;
  throw new HttpError(400, "Expected a link of the page before.");
}
