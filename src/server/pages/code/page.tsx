/** The page of a login in the browser: which terminal asks, from where, and a touch for exactly that. */
import * as v from "valibot";
import { clientId, type LoginRequest, pendingRequest, RequestUri } from "../../oauth/code/request.ts";
import { noClient } from "../../oauth/code/push.ts";
import { readQuery } from "../../http/query.ts";
import { network } from "../../http/rate-limit.ts";
import type { Handler } from "../../context.ts";
import { html } from "../answer.ts";
import { Fragment, h } from "../view/jsx.ts";
import { Layout } from "../view/layout.tsx";
import { Claimed, Notice, Time } from "../view/parts.tsx";

/** The request itself was pushed (RFC 9126, 4): other parameters are ignored. */
const Query = v.object({
  client_id: v.literal(clientId, `expected ${clientId}`),
  request_uri: RequestUri,
});

/**
 * GET /oauth/authorize. What is wrong is said here and never redirected. Throws OAuthError `unauthorized_client`, HttpError
 * (400), `protocol_error`.
 */
export const authorize: Handler = async (request, context) => {
  if (context.browserLogin === undefined) throw noClient();
  const { request_uri: uri } = readQuery(request, Query);
  const asked = await pendingRequest(context.store, uri, context.now());
  return { response: html(<Asking asked={asked} address={context.caller.address} />) };
};

/** `address`: the browser's. */
function Asking({ asked, address }: { asked: LoginRequest; address: string }) {
  const isTyped = asked.redirectUri === undefined;
  return (
    <Layout title="Log in" narrow>
      <h1>Log in to a terminal</h1>
      <section class="card">
        <p>A terminal wants a session in your name:</p>
        <dl class="facts">
          <dt>It is at</dt>
          <dd>
            <strong>{asked.address}</strong>
            <span class="sub">the address that the server has seen</span>
          </dd>
          <dt>It asked</dt>
          <dd>
            <Time at={asked.createdAt} />
          </dd>
          <dt>Its machine</dt>
          <dd>
            <strong>{asked.client ? <Claimed text={asked.client} /> : "nameless"}</strong>
            <span class="sub">as it calls itself: a stranger writes there what they like</span>
          </dd>
          <dt>You are at</dt>
          <dd>{network(address) === network(asked.address) ? `${address}, where it is, too` : address}</dd>
        </dl>
        <Elsewhere asked={asked} address={address} />
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
          <input type="hidden" name="request_uri" value={asked.uri} />
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
          <input type="hidden" name="request_uri" value={asked.uri} />
          <button class="wide" type="submit">
            Cancel
          </button>
        </form>
      </section>
    </Layout>
  );
}

/** A terminal on another machine is nothing unusual where its code is typed; one that a redirection leads to is on this one. */
function Elsewhere({ asked, address }: { asked: LoginRequest; address: string }) {
  if (network(address) === network(asked.address)) return null;
  return (
    <Notice kind="error">
      <strong>The terminal is somewhere else than this browser.</strong>{" "}
      {asked.redirectUri === undefined ? (
        <Fragment>
          Is <span class="breakable">{asked.address}</span> the machine that you are logged in to?
        </Fragment>
      ) : (
        "Both should be on this machine: unless you know why not (a proxy, a VPN, IPv4 beside IPv6), cancel."
      )}
    </Notice>
  );
}
