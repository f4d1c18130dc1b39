/** The metadata services that give a machine or a container its role: EC2's (IMDSv2 only), and a container's. */
import { randomBytes } from "node:crypto";
import type { Account, Role } from "../aws/account.ts";

export interface MetadataService extends AsyncDisposable {
  /** `http://HOST:PORT` */
  url: string;
  /** What was asked, as `METHOD PATH STATUS`. */
  asked: string[];
}

const roleSessionSeconds = 6 * 3600;

/** Where it listens; a free port of 127.0.0.1 without it. */
export interface Address {
  hostname: string;
  port: number;
}

const loopback: Address = { hostname: "127.0.0.1", port: 0 };

function serve(answer: (request: Request, path: string) => Response, address: Address): MetadataService {
  const asked: string[] = [];
  const server = Bun.serve({
    ...address,
    fetch(request) {
      const { pathname } = new URL(request.url);
      const response = answer(request, pathname);
      asked.push(`${request.method} ${pathname} ${response.status}`);
      return response;
    },
  });
  return { url: server.url.origin, asked, [Symbol.asyncDispose]: () => server.stop(true) };
}

function roleAnswer(account: Account, role: Role, more: object): Response {
  const issued = account.issueCredentials(role, "i-0abcdef1234567890", roleSessionSeconds);
  return Response.json({
    ...more,
    AccessKeyId: issued.accessKeyId,
    SecretAccessKey: issued.secretAccessKey,
    Token: issued.sessionToken,
    Expiration: new Date(issued.expires * 1000).toISOString().replace(".000Z", "Z"),
  });
}

/**
 * EC2's: a token by PUT with a time to live, refused when a proxy has passed the request on; then nothing without the
 * token. `role` undefined: an instance without one. `code` replaces Success in the answer.
 */
export function serveInstanceMetadata(
  account: Account,
  role: Role | undefined,
  { code = "Success", address = loopback }: { code?: string; address?: Address } = {},
): MetadataService {
  const tokens = new Map<string, number>();
  return serve((request, path) => {
    if (path === "/latest/api/token") {
      if (request.method !== "PUT") return new Response("", { status: 405 });
      if (request.headers.has("x-forwarded-for")) return new Response("", { status: 403 });
      const ttl = request.headers.get("x-aws-ec2-metadata-token-ttl-seconds") ?? "";
      if (!/^\d+$/.test(ttl) || Number(ttl) < 1 || Number(ttl) > 21600) return new Response("", { status: 400 });
      const token = randomBytes(40).toString("base64");
      tokens.set(token, Date.now() + Number(ttl) * 1000);
      return new Response(token, { headers: { "x-aws-ec2-metadata-token-ttl-seconds": ttl } });
    }
    const ends = tokens.get(request.headers.get("x-aws-ec2-metadata-token") ?? "");
    if (ends === undefined || ends <= Date.now()) return new Response("", { status: 401 });
    if (request.method !== "GET") return new Response("", { status: 405 });
    const list = "/latest/meta-data/iam/security-credentials/";
    if (role === undefined || !path.startsWith(list)) return new Response("", { status: 404 });
    if (path === list) return new Response(role.name);
    if (path !== list + role.name) return new Response("", { status: 404 });
    if (code !== "Success") return Response.json({ Code: code, Message: "no" });
    return roleAnswer(account, role, { Code: code, LastUpdated: new Date().toISOString(), Type: "AWS-HMAC" });
  }, address);
}

/** A container's: at one path, with the authorization when there is one. */
export function serveContainerCredentials(
  account: Account,
  role: Role,
  authorization?: string,
  address = loopback,
): MetadataService {
  return serve((request, path) => {
    if (path !== "/v1/credentials") return new Response("", { status: 404 });
    if (request.method !== "GET") return new Response("", { status: 405 });
    const given = request.headers.get("authorization");
    if (given !== (authorization ?? null)) return new Response("", { status: given === null ? 401 : 403 });
    return roleAnswer(account, role, { RoleArn: `arn:aws:iam::${account.id}:role/${role.name}` });
  }, address);
}
