/** A failure as a page: what happened, and what to do next. */
import type { Failure } from "../http/failure.ts";
import type { Refusal } from "../route.ts";
import { html } from "./answer.ts";
import { hintAtPages } from "./hints.ts";
import { hasSession } from "./session.ts";
import { Layout } from "./view/layout.tsx";
import { Commands } from "./view/parts.tsx";
import { Fragment, h } from "./view/jsx.ts";

const titles: Readonly<Record<number, string>> = {
  401: "Please sign in",
  403: "That was refused",
  404: "There is nothing here",
  409: "That is not possible",
  429: "Too many requests",
  503: "Not available at the moment",
};

/** Answers with a page of the failure's status; of its headers only those stay that are not about an API. */
export const refusal: Refusal = async (failure, request, context) => {
  const { url } = context;
  const { status, headers } = failure.response;
  const kept = ["retry-after", "allow", "connection"].flatMap((name) => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  const { message, hint } = await wordsOf(failure);
  // Who makes too many requests, or meets a database that fails, causes no query more.
  const isSignedIn = status !== 401 && (await hasSession(request, context, status !== 429 && status < 500));
  const next = isSignedIn ? nextOf(status, URL.parse(request.url, url)?.pathname ?? "/") : toSignIn;
  const page = (
    <Layout title={titles[status] ?? "That did not work"} narrow>
      <h1>{titles[status] ?? "That did not work"}</h1>
      <section class="card">
        <p>
          <Linked text={message} server={url} />
        </p>
        {hint === undefined ? null : (
          <p>
            <Commands text={hint} />
          </p>
        )}
        <p class="actions">
          <a class="button primary" href={next.path}>
            {next.words}
          </a>
        </p>
      </section>
    </Layout>
  );
  return html(page, status, Object.fromEntries(kept));
};

const toSignIn = { path: "/sign-in", words: "Sign in" };

/** The text with the address of this server's sign-in as a link. */
function Linked({ text, server }: { text: string; server: string }) {
  return (
    <Fragment>
      {text
        .split(`${server}/sign-in `)
        .flatMap((part, index) => (index === 0 ? [part] : [<a href="/sign-in">{`${server}/sign-in`}</a>, ` ${part}`]))}
    </Fragment>
  );
}

/** Where the page leads a session to: who was refused for their role has nothing to go back to among the administrators' pages. */
function nextOf(status: number, pathname: string): { path: string; words: string } {
  if (status !== 403 && pathname.startsWith("/admin")) return { path: "/admin", words: "Back to the overview" };
  return { path: "/", words: "Back to my page" };
}

/** Of an error in the form of the API, or of RFC 6749. */
async function wordsOf({ response }: Failure): Promise<{ message: string; hint: string | undefined }> {
  const { error, error_description } = (await response.json()) as {
    error: string | { code: string; message: string; hint?: string };
    error_description?: string;
  };
  if (typeof error === "string") return { message: error_description ?? error, hint: undefined };
  return { message: error.message, hint: hintAtPages(error.code, error.hint) };
}
