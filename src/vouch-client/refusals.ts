/** What a person does about a refusal of the token endpoint; the server says the reason in `error_description` alone. */

interface Hints {
  hint: string;
  /** In the guided set-up. */
  guidedHint: string;
}

const isDisabled = /disabled this account/i;
const askToEnable = "Ask the people who run your Vouch server to enable it again.";

/** The first that fits counts. */
const loginRules: readonly [RegExp, (login: string) => string][] = [
  [isDisabled, () => askToEnable],
  [
    /identity provider/i,
    (login) => `Sign in there once, at the page that is named, and run \`${login}\` again; or ask your administrator.`,
  ],
  // Also the message for a removed credential.
  [
    /not enrolled/i,
    () =>
      "The key was removed, or never enrolled here. Log in with another of your keys and run `vouch keys add`, or ask the people who run the server for a new code and run `vouch enroll`.",
  ],
  [
    /can be synced/i,
    () =>
      "Log in with another of your keys, or ask the people who run your Vouch server for a new code and run `vouch enroll` with a security key.",
  ],
  [
    /^The code /,
    (login) =>
      `Run \`${login}\` again, and open the page that it names: a code is good once, for five minutes, in the terminal that named its page.`,
  ],
  [
    /counter/i,
    (login) =>
      `Run \`${login}\` again. If this comes again, a copy of the key may be in use: tell the people who run your Vouch server.`,
  ],
  [
    /another (origin|RP ID)/i,
    () => "Ask the people who run your Vouch server for its URL, and run `vouch login --server URL`.",
  ],
  [
    /answer of the security key was not accepted/i,
    (login) =>
      `Run \`${login}\` again. If this comes again, log in with another of your keys, or tell the people who run your Vouch server.`,
  ],
];

/**
 * Hints for a refused login; `error` is the OAuth error code (RFC 6749, 5.2), `description` the server's words, `command` how
 * it was begun.
 */
export function loginHints(error: string, description: string, command = "vouch login"): Hints {
  if (error !== "invalid_grant") {
    const hint = "Update vouch; if that is no help, tell the people who run your Vouch server.";
    return { hint, guidedHint: hint };
  }
  const hintFor = loginRules.find(([pattern]) => pattern.test(description))?.[1] ?? again;
  return { hint: hintFor(command), guidedHint: hintFor("vouch enroll") };
}

/** The hint for a session that the server has ended, or ID tokens that it refuses to it. */
export function endedHint(description: string): string {
  if (/by a browser any more/.test(description)) return "Run `vouch login` with a security key.";
  return isDisabled.test(description) ? askToEnable : "Run `vouch login`.";
}

function again(login: string): string {
  return `Run \`${login}\` again.`;
}
