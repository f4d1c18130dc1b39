/** What Entra and Okta send, from a person's first day to their last, is understood. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startTestServer, type TestServer } from "../test-server.ts";
import { scimClient, type ScimTestClient } from "./scim-client.ts";
import { entra, type Exchange, okta } from "./transcripts.ts";

let server: TestServer;
let client: ScimTestClient;
beforeAll(async () => {
  server = await startTestServer();
  client = await scimClient(server);
});
afterAll(() => server.stop());

describe.each<[string, Exchange[]]>([
  ["Entra", entra],
  ["Okta", okta],
])("%s", (_, transcript) => {
  const kept: Record<string, string> = {};
  const filled = <Value>(value: Value): Value =>
    JSON.parse(
      JSON.stringify(value).replaceAll(/\{(user|group)\}/g, (_all, name: string) => kept[name] ?? ""),
    ) as Value;

  test.each(transcript.map((exchange) => [`${exchange.request[0]} ${exchange.request[1]}`, exchange] as const))(
    "%s",
    async (_name, { request, status, body, keep }) => {
      const [method, path, sent] = filled(request);
      const answer = await client.send(method, encodeURI(path), sent);
      expect(answer).toMatchObject({ status, ...(body && { body: filled(body) }) });
      if (keep !== undefined) kept[keep] = answer.body.id;
    },
  );
});
