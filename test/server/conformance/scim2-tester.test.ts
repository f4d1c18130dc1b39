/** scim2-tester makes, reads, changes and deletes Users and Groups by what the server says of its schemas. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { requiresPath } from "../../requires.ts";
import { scimClient } from "../scim/scim-client.ts";
import { startTestServer, type TestServer } from "../test-server.ts";

const python = join(import.meta.dir, "../../../.tools/scim2-tester/bin/python");
const installed = requiresPath(python, ".ci/tools scim2-tester");

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ rateLimits: { scim: 1e6 } });
});
afterAll(() => server.stop());

interface Finding {
  /** SUCCESS, SKIPPED, ERROR and others. */
  status: string;
  title: string;
  resource: string | null;
  reason: string;
}

test.skipIf(!installed)(
  "scim2-tester finds nothing but that active is never without a value",
  async () => {
    const { token } = await scimClient(server);
    const child = Bun.spawn([python, join(import.meta.dir, "run_scim2_tester.py")], {
      cwd: server.folder,
      env: {
        PATH: process.env["PATH"],
        HOME: server.folder,
        PYTHONDONTWRITEBYTECODE: "1",
        VOUCH_URL: server.base,
        VOUCH_SCIM_TOKEN: token,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    expect({ exitCode: await child.exited, errors }).toMatchObject({ exitCode: 0 });
    const findings = JSON.parse(output) as Finding[];
    const told = (status: string) =>
      findings.filter((each) => each.status === status).map(({ title, resource }) => `${title} ${resource ?? ""}`);
    expect(told("SUCCESS").length).toBeGreaterThan(50);
    // Searches by POST are not offered.
    expect(told("SKIPPED")).toEqual(["search_with_attributes User", "search_with_attributes Group"]);
    const bad = findings.filter(({ status }) => status !== "SUCCESS" && status !== "SKIPPED");
    expect(bad.map(({ reason }) => reason)).toEqual([
      "Failed to remove attribute 'active': A User is active or is not: replace it.",
    ]);
  },
  600_000,
);
