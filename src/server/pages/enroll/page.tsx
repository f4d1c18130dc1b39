/** The pages of an enrolment by single sign-on: where it begins, and the code at its end. */
import { printable } from "../../../base/words/printable.ts";
import type { Handler } from "../../context.ts";
import { configured } from "../../sso/configured.ts";
import { html } from "../answer.ts";
import { findSignedIn } from "../session.ts";
import { h } from "../view/jsx.ts";
import { Layout } from "../view/layout.tsx";
import { Install } from "../view/install.tsx";
import { Code, Command } from "../view/parts.tsx";

/** GET /enroll */
export const enrollPage: Handler = async (request, context) => {
  const { name } = configured(context);
  const session = await findSignedIn(request, context);
  const page = (
    <Layout title="Your first security key" narrow {...(session && { session })}>
      <h1>Your first security key</h1>
      <section class="card">
        <p>
          {session === undefined
            ? "Sign in, and this page"
            : `You are signed in as ${printable(session.user.email)}. ${name} confirms it once more, and this page`}{" "}
          shows the one-time code that <code>vouch enroll</code> asks for.
        </p>
        <a class="button primary wide" href="/sso/begin?for=enroll">
          {session === undefined ? `Sign in with ${name}` : "Get the code"}
        </a>
      </section>
    </Layout>
  );
  return { response: html(page) };
};

/** Shows an enrolment code to the person whose it is; `server` is the server's URL. */
export function showCode(code: string, { email, server }: { email: string; server: string }): Response {
  return html(
    <Layout title="Your enrolment code" narrow>
      <h1>Your enrolment code</h1>
      <section class="card">
        <p>For {printable(email)}, good for one security key within ten minutes:</p>
        <Code>{code}</Code>
        <p>In a terminal of your own machine install Vouch,</p>
        <Install />
        <p>plug in the security key, and type</p>
        <Command>{`vouch enroll --server ${server}`}</Command>
        <p>
          and, when it asks, the code. Give the code to nobody, whoever asks: with it their key becomes one of yours.
        </p>
      </section>
    </Layout>,
  );
}
