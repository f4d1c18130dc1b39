/** A client of the registries without a tool: a sandbox of its own, with a live token of the developer's role. */
import type { Account, Role } from "../aws/account.ts";
import { names, type Sandbox, startSandbox } from "../main.ts";

export const origin = `https://${names.packageHost}`;

export interface Visitor {
  sandbox: Sandbox;
  account: Account;
  role: Role;
  /** A live token of my-domain. */
  token: string;
  /** A token of the role. `expires` is in seconds since 1970; without it the token is good for an hour. */
  issueToken(domain: string, expires?: number, region?: string): string;
  /** Asks for a path of the package host, with the token unless another header is given. */
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** Sends a body with the token. */
  send(method: string, path: string, body?: RequestInit["body"]): Promise<Response>;
}

/** Starts the sandbox; `visitor.sandbox.stop()` ends it. */
export async function startVisitor(): Promise<Visitor> {
  const sandbox = await startSandbox();
  const { account } = sandbox;
  const [role] = account.roles;
  if (!role) throw new Error("the account has no role");
  const issueToken = (domain: string, expires = Math.floor(Date.now() / 1000) + 3600, region?: string) =>
    account.issueToken(role, domain, expires, region);
  const token = issueToken(names.domain);
  const authorization = `Bearer ${token}`;
  return {
    sandbox,
    account,
    role,
    token,
    issueToken,
    get: (path, headers) => sandbox.fetch(`${origin}${path}`, { headers: { authorization, ...headers } }),
    send: (method, path, body) =>
      sandbox.fetch(`${origin}${path}`, { method, headers: { authorization }, ...(body ? { body } : {}) }),
  };
}
