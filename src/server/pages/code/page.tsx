/** The page of a login in the browser: which terminal asks, and a touch for exactly that. */
import { asFields, type LoginRequest, parseLoginRequest } from "../../oauth/code/request.ts";
import { OAuthError } from "../../http/failure.ts";
import type { Handler } from "../../context.ts";
import { html } from "../answer.ts";
import { h } from "../view/jsx.ts";
import { Layout } from "../view/layout.tsx";
import { Claimed, Notice } from "../view/parts.tsx";

/**
 * GET /oauth/authorize. What is wrong is said here and never redirected: an address that a stranger's link names is gone to
 * only once a person has done something on the page (RFC 9700, 4.11.2). Throws OAuthError `unauthorized_client`,
 * `invalid_request`.
 */
export const authorize: Handler = async (request, context) => {
  if (context.browserLogin === undefined) throw noClient();
  const asked = parseLoginRequest(URL.parse(request.url, context.url)?.searchParams ?? new URLSearchParams());
  return { response: html(<Asking asked={asked} address={context.caller.address} />) };
};

function noClient(): OAuthError {
  const reason = "No client is registered for this endpoint: people log in with a security key, by `vouch login`.";
  return new OAuthError("unauthorized_client", reason);
}

function Asking({ asked, address }: { asked: LoginRequest; address: string }) {
  const isTyped = asked.redirect_uri === undefined;
  const fields = Object.entries(asFields(asked)).map(([name, value]) => (
    <input type="hidden" name={name} value={value} />
  ));
  return (
    <Layout title="Log in" narrow>
      <h1>Log in to a terminal</h1>
      <section class="card">
        <p>
          A terminal wants a session in your name. It says that its machine is{" "}
          <strong>{asked.client ? <Claimed text={asked.client} /> : "nameless"}</strong>
          {"; "}this browser is at <strong>{address}</strong>.
        </p>
        <Notice kind="error">
          Go on only if you have just typed <code>vouch login --browser</code> yourself. Did somebody send you here?
          Then close this page{isTyped ? ": with the code they would have your session" : ""}.
        </Notice>
        <p>
          {isTyped
            ? "After the touch this page shows a code. Type it only into the terminal in which you began."
            : "After the touch this page hands over to the terminal in which you began, on this machine."}
        </p>
        <form method="post" action="/sign-in/code" data-after="code">
          {fields}
          <p class="status" role="status" data-status />
          <button class="primary wide" type="submit" data-script hidden>
            Log in
          </button>
          <noscript>
            <Notice kind="error">
              Your browser reaches a security key by a script only: allow scripts for this page.
            </Notice>
          </noscript>
        </form>
        <form method="post" action="/sign-in/code/cancel">
          {fields}
          <button class="wide" type="submit">
            Cancel
          </button>
        </form>
      </section>
    </Layout>
  );
}
