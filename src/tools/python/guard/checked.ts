/** Marks a pip whose project was checked, and the variables it receives. */
import type { Verdict } from "./judge.ts";

/**
 * The variable that tells `keyring` that its parent is a checked pip: the process id, and whether the missing login was
 * already reported. A project's file cannot choose a process id.
 */
export const checkedVariable = "VOUCH_PIP";

/** A dead proxy: pip's plain http to a host with a token ends before anything is sent. */
const nowhere = "http://127.0.0.1:1";

/**
 * Variables for a checked pip: a dead proxy for plain http to the hosts, so that no URL that pip learns later (from an
 * index page, a dependency) sends the token there. requests reads `http://HOST_proxy` before `http_proxy`.
 */
export function checkedPipVariables({ hosts, doubt }: Verdict, told: boolean): Record<string, string> {
  const variables = deadProxies(hosts);
  if (doubt === undefined) variables[checkedVariable] = `${process.pid}:${told ? "told" : ""}`;
  return variables;
}

/** Variables by which requests, and so pip, poetry and twine, sends nothing to these hosts over plain http. */
export function deadProxies(hosts: readonly string[]): Record<string, string> {
  return Object.fromEntries(hosts.map((host) => [`http://${host}_proxy`, nowhere]));
}
