/** How a pip that was looked at is told from others, and what it is given. */
import type { Verdict } from "./judge.ts";

/**
 * The variable by which `keyring` knows that its parent is a pip whose command line and files were looked at: the
 * process id, and whether the missing login was told already. A process id is nothing that a project's file can choose.
 */
export const checkedVariable = "VOUCH_PIP";

/** Nobody listens there: pip's plain http to a host that gets tokens ends before anything is sent. */
const nowhere = "http://127.0.0.1:1";

/**
 * The variables for pip once it is judged: plain http to the hosts is sent nowhere, so that no URL that pip learns later
 * (by an index page, by a dependency) takes the token there. requests reads `http://HOST_proxy` before `http_proxy`.
 */
export function checkedPipVariables({ hosts, doubt }: Verdict, told: boolean): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const host of hosts) variables[`http://${host}_proxy`] = nowhere;
  if (doubt === undefined) variables[checkedVariable] = `${process.pid}:${told ? "told" : ""}`;
  return variables;
}
