/** The address at which the runner of GitHub Actions gives a job its ID token: to the job's own bearer token only. */
import { randomBytes } from "node:crypto";
import type { CiPlatform } from "./platforms.ts";

export const githubTokenHost = "pipelines.actions.githubusercontent.com";

export interface GithubJob {
  /** What the runner puts into the environment of a job with `permissions: id-token: write`. */
  env: { ACTIONS_ID_TOKEN_REQUEST_URL: string; ACTIONS_ID_TOKEN_REQUEST_TOKEN: string };
  /** The audiences that were asked for. */
  audiences: string[];
  /** Answers with this status instead, as often as it stands here. */
  failures: number[];
  handle(request: Request): Promise<Response>;
}

export function createGithubJob(platform: CiPlatform): GithubJob {
  const bearer = `vouch-sandbox-request-${randomBytes(24).toString("base64url")}`;
  const path = `/${randomBytes(12).toString("hex")}/_apis/distributedtask/hubs/Actions/plans/1/jobs/2/idtoken`;
  const job: GithubJob = {
    env: {
      ACTIONS_ID_TOKEN_REQUEST_URL: `https://${githubTokenHost}${path}?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer,
    },
    audiences: [],
    failures: [],
    async handle(request) {
      const url = new URL(request.url);
      const failure = job.failures.shift();
      if (failure !== undefined) return new Response("", { status: failure });
      const [scheme, token] = (request.headers.get("authorization") ?? "").split(" ");
      if (scheme?.toLowerCase() !== "bearer" || token !== bearer) return new Response("", { status: 401 });
      if (url.pathname !== path || request.method !== "GET") return new Response("", { status: 404 });
      if (url.searchParams.get("api-version") !== "2.0") return new Response("", { status: 400 });
      const audience = url.searchParams.get("audience") ?? "https://github.com/my-org";
      job.audiences.push(audience);
      return Response.json({ count: 1, value: await platform.token({ aud: audience }) });
    },
  };
  return job;
}
