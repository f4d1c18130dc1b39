/** A failure as a page: what happened, and what to do next. */
import type { Failure } from "../http/failure.ts";
import type { Refusal } from "../route.ts";
import { html } from "./answer.ts";
import { hintAtPages } from "./hints.ts";
import { Layout } from "./view/layout.tsx";
import { Commands } from "./view/parts.tsx";
import { h } from "./view/jsx.ts";

const titles: Readonly<Record<number, string>> = {
  401: "Please sign in",
  403: "That was refused",
  404: "There is nothing here",
  409: "That is not possible",
  429: "Too many requests",
  503: "Not available at the moment",
};

/** Answers with a page of the failure's status; of its headers only those stay that are not about an API. */
export const refusal: Refusal = async (failure, request, { url }) => {
  const { status, headers } = failure.response;
  const kept = ["retry-after", "allow", "connection"].flatMap((name) => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  const { message, hint } = await wordsOf(failure);
  const next = nextOf(status, URL.parse(request.url, url)?.pathname ?? "/");
  const page = (
    <Layout title={titles[status] ?? "That did not work"} narrow>
      <h1>{titles[status] ?? "That did not work"}</h1>
      <section class="card">
        <p>{message}</p>
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

/** Where the page leads to: who was refused for their role has nothing to go back to among the administrators' pages. */
function nextOf(status: number, pathname: string): { path: string; words: string } {
  if (status === 401) return { path: "/sign-in", words: "Sign in" };
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
