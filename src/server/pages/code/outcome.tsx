/** How a login in the browser ends at the page: on the way to the terminal, with a code to type, or cancelled. */
import { printable } from "../../../base/words/printable.ts";
import { html } from "../answer.ts";
import { h } from "../view/jsx.ts";
import { Layout } from "../view/layout.tsx";
import { Claimed, Code } from "../view/parts.tsx";

interface Granted {
  /** On the person's own machine; undefined where they type the code. */
  url: string | undefined;
  code: string;
  email: string;
  client: string | undefined;
  /** The terminal's, as the server saw it. */
  address: string;
}

/** Leads to the terminal, or shows the code to the person who was there. */
export function showCode({ url, code, email, client, address }: Granted): Response {
  if (url !== undefined) return html(<Handover title="Logging in" url={url} />);
  return html(
    <Layout title="Your login code" narrow>
      <h1>Your login code</h1>
      <section class="card">
        <p>
          For {printable(email)} on {client ? <Claimed text={client} /> : "a nameless machine"} at{" "}
          <span class="breakable">{address}</span>, good once within five minutes:
        </p>
        <Code>{code}</Code>
        <p>Type it only into the terminal in which you began. Give it to nobody, whoever asks.</p>
      </section>
    </Layout>,
  );
}

/** Tells the terminal that nothing comes, where the browser can. */
export function showCancelled(url: string | undefined): Response {
  if (url !== undefined) return html(<Handover title="Cancelled" url={url} />);
  return html(
    <Layout title="Cancelled" narrow>
      <h1>Cancelled</h1>
      <section class="card">
        <p>No session was opened. Stop the command in the terminal with Ctrl-C, and close this page.</p>
      </section>
    </Layout>,
  );
}

/**
 * A page whose script follows its link at once. No redirection, as `form-action` of the content security policy would stop
 * one to the terminal, and can name no IPv6 address.
 */
function Handover({ title, url }: { title: string; url: string }) {
  return (
    <Layout title={title} narrow>
      <h1>{title}</h1>
      <section class="card">
        <p>The terminal in which you began takes over.</p>
        <a class="button primary wide" href={url} data-follow>
          Back to the terminal
        </a>
      </section>
    </Layout>
  );
}
