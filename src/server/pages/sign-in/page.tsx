/** The page that lets people in: by a security key, or by the company's identity provider. */
import type { Handler, ServerContext } from "../../context.ts";
import { type Destination, destinations, html, noticeOf } from "../answer.ts";
import { Layout } from "../view/layout.tsx";
import { Notice } from "../view/parts.tsx";
import { Fragment, h } from "../view/jsx.ts";

/** GET /sign-in */
export const signInPage: Handler = async (request, context) => ({
  response: showSignIn(request, context, destinationOf(request, context.url)),
});

/** The page of its own, or in place of one that wants a session; `next` is where it leads to. */
export function showSignIn(request: Request, context: ServerContext, next: Destination): Response {
  const { text, headers } = noticeOf(request);
  return html(<SignIn context={context} next={next} done={text} />, 200, headers);
}

function destinationOf(request: Request, url: string): Destination {
  const next = URL.parse(request.url, url)?.searchParams.get("next") ?? "";
  return Object.hasOwn(destinations, next) ? (next as Destination) : "mine";
}

interface SignInProps {
  context: ServerContext;
  next: Destination;
  done: string | undefined;
}

function SignIn({ context: { singleSignOn, url }, next, done }: SignInProps) {
  return (
    <Layout title="Sign in" narrow>
      <h1>Sign in</h1>
      {done === undefined ? null : <Notice kind="success">{done}</Notice>}
      <section class="card">
        <form method="post" action="/sign-in" data-sign-in>
          <input type="hidden" name="next" value={next} />
          <p>Plug in the security key that you use with Vouch. Your browser asks for its PIN and a touch.</p>
          <p class="status" role="status" data-status />
          <button class="primary wide" type="submit" data-script hidden>
            Sign in with a security key
          </button>
          <noscript>
            <Notice kind="error">
              Your browser reaches a security key by a script only: allow scripts for this page.
            </Notice>
          </noscript>
        </form>
        {singleSignOn === undefined ? null : (
          <Fragment>
            <p class="or">or</p>
            <a class="button wide" href="/sso/begin">
              Sign in with {singleSignOn.name}
            </a>
          </Fragment>
        )}
      </section>
      <p class="hint">
        No key yet?{" "}
        {singleSignOn === undefined ? "Ask your administrator for a code" : <a href="/enroll">Get a code</a>}, then run{" "}
        <code>vouch enroll --server {url}</code> in a terminal.
      </p>
    </Layout>
  );
}
