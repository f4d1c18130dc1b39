/** What every call of AWS shares: the private CA, and an end to waiting. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { callAws } from "../../src/aws/call.ts";
import { makeCertificates, type Certificates } from "../sandbox/certificates.ts";
import { rejection, startService, virtualClock } from "./scripted-service.ts";
import { tempFolder } from "../temp-folder.ts";

const temporary = tempFolder();
const folder = temporary.path;
let certificates: Certificates;
let server: ReturnType<typeof Bun.serve>;
beforeAll(async () => {
  certificates = await makeCertificates(["localhost"], folder);
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: { cert: certificates.certificate, key: certificates.privateKey },
    fetch: () => new Response("hello"),
  });
});
afterAll(async () => {
  await server.stop(true);
  temporary[Symbol.dispose]();
});

const readError = () => ({ code: "", message: "" });
const get = (url: string) => ({ prepare: () => ({ method: "GET" as const, url }), readError });

test("AWS calls trust the CA of AWS_CA_BUNDLE", async () => {
  const env = { AWS_CA_BUNDLE: certificates.caPath };
  expect(await callAws(get(`https://localhost:${server.port}`), { env })).toMatchObject({ status: 200, body: "hello" });
});

test("without AWS_CA_BUNDLE a private CA is refused at once, and the variable is named", async () => {
  const clock = virtualClock();
  const error = await rejection(callAws(get(`https://localhost:${server.port}`), { env: {}, clock }));
  expect(error).toMatchObject({ code: "network", hint: expect.stringContaining("AWS_CA_BUNDLE") });
  expect(clock.waits).toEqual([]);
});

test("a missing AWS_CA_BUNDLE is named", async () => {
  const env = { AWS_CA_BUNDLE: join(folder, "missing.pem") };
  const error = await rejection(callAws(get(`https://localhost:${server.port}`), { env }));
  expect(error).toMatchObject({ code: "file_error", message: expect.stringContaining("missing.pem") });
});

test("AWS calls by http to another machine are refused", async () => {
  const error = await rejection(callAws(get("http://sts.us-east-1.amazonaws.com/"), { env: {} }));
  expect(error).toMatchObject({ code: "usage" });
});

test("no attempt of an AWS call gets more time than is left of the limit", async () => {
  // The service answers once and never again; the wait in between uses up all but 50 ms.
  await using service = startService(
    () => new Response(null, { status: 500 }),
    () => new Promise<Response>(() => {}),
  );
  const clock = virtualClock();
  const slow = { ...clock, sleep: (_: number, signal?: AbortSignal) => clock.sleep(19_950, signal) };
  const error = await rejection(callAws(get(service.url), { env: {}, clock: slow }));
  expect(error).toMatchObject({ code: "timeout" });
});
