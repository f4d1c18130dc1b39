/** What every page has: head, header with the way to the other pages, main part. */
import { printable } from "../../../base/words/printable.ts";
import { may } from "../../administration/rights.ts";
import { assetPath } from "../assets/assets.ts";
import type { SignedIn } from "../session.ts";
import { Form } from "./parts.tsx";
import { type Child, Fragment, h } from "./jsx.ts";

interface LayoutProps {
  title: string;
  /** Whose page it is; none before the sign-in. */
  session?: SignedIn;
  /** Path of the page, which the navigation marks. */
  path?: string;
  /** For a page with little on it. */
  narrow?: boolean;
  children: Child;
}

const pages = [
  { path: "/", name: "My page" },
  { path: "/activity", name: "Activity" },
] as const;
/** For those who may read what is there about everybody. */
const adminPages = [...pages, { path: "/admin", name: "Admin" }] as const;

export function Layout({ title, session, path, narrow, children }: LayoutProps) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${title} · Vouch`}</title>
        <link rel="icon" href={assetPath("/assets/pages.svg")} type="image/svg+xml" />
        <link rel="stylesheet" href={assetPath("/assets/pages.css")} />
        <script src={assetPath("/assets/pages.js")} defer />
      </head>
      <body>
        <a class="skip" href="#main">
          Skip to the page
        </a>
        <header class="top">
          <div class="inner">
            <a class="brand" href="/">
              <Mark /> Vouch
            </a>
            {session === undefined ? null : <Navigation session={session} path={path} />}
          </div>
        </header>
        <main id="main" class={narrow === true ? "narrow" : undefined}>
          {children}
        </main>
      </body>
    </html>
  );
}

function Navigation({ session, path }: { session: SignedIn; path: string | undefined }) {
  return (
    <Fragment>
      <nav aria-label="Pages">
        {(may(session.role, "read") ? adminPages : pages).map((page) => (
          <a href={page.path} aria-current={page.path === path ? "page" : undefined}>
            {page.name}
          </a>
        ))}
      </nav>
      <div class="person">
        <span class="email">{printable(session.user.email)}</span>
        <Form session={session} action="/sign-out">
          <button type="submit">Sign out</button>
        </Form>
      </div>
    </Fragment>
  );
}

/** A key's head with its touch area. */
function Mark() {
  return (
    <svg class="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
      <rect x="2" y="5" width="15" height="14" rx="4" fill="currentColor" />
      <rect x="17" y="8" width="5" height="8" rx="1" fill="currentColor" opacity="0.55" />
      <circle cx="9.5" cy="12" r="3.2" fill="none" stroke="var(--on-accent)" stroke-width="1.8" />
    </svg>
  );
}
