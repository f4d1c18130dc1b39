/** What to do next, at the pages: hints of errors name commands, which are of no use to who sits before a browser. */
import type { Refusal } from "../route.ts";

/** Commands that have their like at the pages. */
const command = /`vouch (?:keys|login|sessions|server (?:users|groups|profiles|enable))\b(?! link| --browser)/;

/** By the code of the error. */
const hints: Readonly<Record<string, string>> = {
  credential_not_found: "Load the page again: it shows the keys that there are.",
  session_not_found: "Load the page again: it shows the sessions that are left.",
  name_taken: "Choose another name.",
  last_credential: "Add another one first.",
  credential_excluded: "It lets you in already: sign in with it.",
  login_denied: "Load the page again, and touch a key that it lists.",
  enrollment_denied:
    "Sign in with a key that you have: your page adds and removes keys. Without any, ask your administrator for a code (`vouch server invite`).",
  person_not_found: "Find them under People.",
  group_not_found: "Find it under Groups.",
  profile_not_found: "Find it under Profiles.",
  person_disabled: "Let them log in again first, on their page.",
};

/** Returns the hint for who reads it at a page. */
export function hintAtPages(code: string, hint: string | undefined): string | undefined {
  return hint !== undefined && command.test(hint) ? hints[code] : hint;
}

/** Answers the script of a page, which shows what it is told. */
export const scriptRefusal: Refusal = async ({ response }) => {
  const { status, headers } = response;
  const { error } = (await response.json()) as { error: { code: string; message: string; hint?: string } };
  const { code, message } = error;
  const hint = hintAtPages(code, error.hint);
  const kept = new Headers(headers);
  kept.delete("www-authenticate");
  return Response.json(
    { error: { code, message, ...(hint === undefined ? {} : { hint }) } },
    { status, headers: kept },
  );
};
