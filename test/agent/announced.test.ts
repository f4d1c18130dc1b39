/** What the server announces, through the agent: of the session alone, in its strict form, and to no guest. */
import { expect, test } from "bun:test";
import { routes } from "../../src/agent/protocol.ts";
import { askAgent } from "../../src/agent/wire/client.ts";
import { guestRoutes } from "../../src/agent/guests/access.ts";
import { rejection } from "../rejection.ts";
import { AgentHarness } from "./harness.ts";
import { announcedAnswer, apiFailure, roleArn } from "./upstream.ts";

const body = { aws: { roleArn, region: "us-east-1" } };

test("needs a session, and asks the server in its name", async () => {
  await using harness = new AgentHarness([]);
  expect((await rejection(askAgent(routes.announced))).code).toBe("login_needed");
  await harness.login();
  harness.upstream.answer("announced", () => announcedAnswer(body));
  expect(await askAgent(routes.announced)).toEqual({ server: harness.upstream.url, announced: body });
});

test("a server that is too old to announce anything is no failure", async () => {
  await using harness = new AgentHarness([]);
  await harness.login();
  harness.upstream.answer("announced", () => apiFailure(404, "protocol_error", "There is nothing here."));
  expect(await askAgent(routes.announced)).toEqual({ server: harness.upstream.url });
});

test.each<[string, () => Response]>([
  ["of more than it may announce", () => announcedAnswer({ ...body, server: "https://evil.example" } as never)],
  ["with another digest", () => Response.json({ profile: body, digest: "A".repeat(43) })],
  ["of no profile", () => Response.json({ digest: "A".repeat(43) })],
])("an answer %s is not passed on", async (_, answer) => {
  await using harness = new AgentHarness([]);
  await harness.login();
  harness.upstream.answer("announced", answer);
  const error = await rejection(askAgent(routes.announced));
  expect(error.code).toBe("server_error");
  expect(error.message).not.toContain("evil");
});

test("a guest learns nothing of it", () => {
  expect(guestRoutes).not.toHaveProperty(routes.announced);
});
