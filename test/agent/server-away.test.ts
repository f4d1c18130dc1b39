/** docs/recovery.md, "While the server is away": what an agent gives without it, and until when, by its own clock. */
import { expect, test } from "bun:test";
import { askAgent } from "../../src/agent/wire/client.ts";
import { routes } from "../../src/agent/protocol.ts";
import type { RepositorySettings } from "../../src/settings/settings.ts";
import { host, myRepository } from "../settings/my-repository.ts";
import { rejection } from "../rejection.ts";
import { AgentHarness, cargoUrl, repository } from "./harness.ts";

const otherHost = host.replace("my-domain", "other-domain");
const otherUrl = `https://${otherHost}/cargo/other-repo/`;
const other: RepositorySettings = {
  ...myRepository,
  domain: "other-domain",
  repository: "other-repo",
  endpoints: { cargo: otherUrl },
};

function leave({ upstream }: AgentHarness): void {
  for (const operation of ["idToken", "loginOptions", "login", "publishOptions", "sessions", "revoke"] as const) {
    upstream.answer(operation, () => new Response("The Vouch server does not answer.", { status: 502 }));
  }
}

test("a repository that was used has its token until the session's end, and no longer", async () => {
  await using harness = new AgentHarness();
  await harness.login();
  const { token } = await harness.token();
  leave(harness);
  for (let hour = 1; hour < 8; hour++) {
    harness.clock.pass(3600);
    expect((await harness.token()).token).toBe(token);
  }
  expect((await askAgent(routes.status)).session).toBeDefined();
  harness.clock.pass(3600);
  expect(await rejection(harness.token())).toMatchObject({ code: "session_expired" });
});

test("another domain of the role gets one by the role's credentials, without the server", async () => {
  await using harness = new AgentHarness([repository, other]);
  await harness.login();
  await harness.token();
  leave(harness);
  const asked = harness.upstream.counts.idToken;
  harness.clock.pass(7 * 3600);
  expect((await harness.token(otherUrl)).token).toContain("other-domain-token");
  expect(harness.upstream.counts.idToken).toBe(asked);
});

test("where the role's credentials last an hour, another domain gets none after it, until the server is back", async () => {
  await using harness = new AgentHarness([repository]);
  const { upstream, clock } = harness;
  upstream.answer("sts", (form) =>
    Number(form.get("DurationSeconds")) > 3600
      ? new Response(
          "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>The requested DurationSeconds exceeds the MaxSessionDuration set for this role.</Message></Error></ErrorResponse>",
          { status: 400, headers: { "content-type": "text/xml" } },
        )
      : undefined,
  );
  await harness.login();
  const { token } = await harness.token();
  leave(harness);
  clock.pass(3601);
  harness.configure({ repositories: [repository, other] });
  expect(await rejection(harness.token(otherUrl))).toMatchObject({ code: "server_error" });
  // The token of the first is the session's, not the credentials'.
  expect((await harness.token(cargoUrl)).token).toBe(token);
  upstream.answer("idToken", undefined);
  clock.pass(60);
  expect((await harness.token(otherUrl)).token).toContain("other-domain-token");
});
