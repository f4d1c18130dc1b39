/** The pages of an enrolment by single sign-on: where it begins, and the code at its end. */
import { printable } from "../../../base/words/printable.ts";
import type { Handler } from "../../context.ts";
import { configured } from "../../sso/configured.ts";
import { html } from "../answer.ts";
import { h } from "../view/jsx.ts";
import { Layout } from "../view/layout.tsx";
import { Command } from "../view/parts.tsx";

/** GET /enroll */
export const enrollPage: Handler = async (_request, context) => {
  const { name } = configured(context);
  const page = (
    <Layout title="Your first security key" narrow>
      <h1>Your first security key</h1>
      <section class="card">
        <p>
          Sign in, and this page shows the one-time code that <code>vouch enroll</code> asks for.
        </p>
        <a class="button primary wide" href="/sso/begin?for=enroll">
          Sign in with {name}
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
        <p class="code">
          <strong>
            <code>{code}</code>
          </strong>
        </p>
        <p>In a terminal of your own machine, with the security key plugged in, type</p>
        <Command>{`vouch enroll --server ${server}`}</Command>
        <p>
          and, when it asks, the code. Give the code to nobody, whoever asks: with it their key becomes one of yours.
        </p>
      </section>
    </Layout>,
  );
}
