import { describe, expect, test } from "bun:test";
import { AwsServiceError, waitAfterAwsFailure } from "../../../src/aws/service-error.ts";
import { VouchError } from "../../../src/base/errors.ts";
import { BusyService, withRetries } from "../../../src/base/net/retry.ts";
import { rejection, virtualClock } from "../../aws/scripted-service.ts";

function refused(status: number, code = "", headers: Record<string, string> = {}): AwsServiceError {
  return new AwsServiceError({ status, headers: new Headers(headers), body: "" }, { code, message: "no" });
}

/** Fails with each of the errors in turn, then succeeds. */
function failing(...errors: Error[]): { attempt: (remainingMs: number) => Promise<string>; remaining: number[] } {
  const remaining: number[] = [];
  const attempt = async (remainingMs: number): Promise<string> => {
    remaining.push(remainingMs);
    const error = errors[remaining.length - 1];
    if (error) throw error;
    return "done";
  };
  return { attempt, remaining };
}

const busy = new BusyService({ status: 503, headers: new Headers() });
const connectionLost = new VouchError("network", "no connection", { cause: { code: "ECONNRESET" } });
const untrusted = new VouchError("network", "no connection", { cause: { code: "DEPTH_ZERO_SELF_SIGNED_CERT" } });

describe("a failed attempt is repeated only where that can help", () => {
  test.each<[string, Error, boolean]>([
    ["429", refused(429), true],
    ["ThrottlingException with 400", refused(400, "ThrottlingException"), true],
    ["IDPCommunicationError", refused(400, "IDPCommunicationError"), true],
    ["500", refused(500, "InternalServerException"), true],
    ["503 without a body", refused(503), true],
    ["a busy service that is not AWS", new VouchError("server_error", "busy", { cause: busy }), true],
    ["a lost connection", connectionLost, true],
    ["no answer in time", new VouchError("timeout", "late"), true],
    ["AccessDenied", refused(403, "AccessDenied"), false],
    ["ValidationError", refused(400, "ValidationError"), false],
    ["InvalidIdentityToken", refused(400, "InvalidIdentityToken"), false],
    ["404", refused(404, "ResourceNotFoundException"), false],
    ["a certificate that is not trusted", untrusted, false],
    ["an answer that is too large", new VouchError("network", "too large"), false],
    ["a file that cannot be read", new VouchError("file_error", "no"), false],
    ["cancelled", new VouchError("cancelled", "Cancelled."), false],
    ["a mistake of ours", new TypeError("x is not a function"), false],
  ])("as for %s", async (_, error, again) => {
    const { attempt, remaining } = failing(error);
    const result = withRetries(attempt, { rule: waitAfterAwsFailure, limitMs: 20_000, clock: virtualClock() });
    if (again) expect(await result).toBe("done");
    else expect(await rejection(result)).toBe(error);
    expect(remaining).toHaveLength(again ? 2 : 1);
  });
});

describe("the waits", () => {
  const five = [refused(500), refused(500), refused(500), refused(500), refused(500)];

  test.each([
    [0, [0, 0, 0, 0]],
    [0.5, [200, 400, 800, 1600]],
    [0.999, [399.6, 799.2, 1598.4, 3196.8]],
  ])("grow with full jitter where chance gives %p", async (chance, waits) => {
    const clock = virtualClock(chance);
    expect(
      await rejection(withRetries(failing(...five).attempt, { rule: waitAfterAwsFailure, limitMs: 60_000, clock })),
    ).toBe(five[4]);
    expect(clock.waits).toEqual(waits);
  });

  test("are not shorter than Retry-After, in seconds or as a date by the service's clock", async () => {
    const clock = virtualClock();
    const date = { date: "Fri, 31 Jan 2025 12:00:00 GMT", "retry-after": "Fri, 31 Jan 2025 12:00:04 GMT" };
    const { attempt } = failing(refused(429, "", { "retry-after": "3" }), refused(503, "", date));
    await withRetries(attempt, { rule: waitAfterAwsFailure, limitMs: 20_000, clock });
    expect(clock.waits).toEqual([3200, 4400]);
  });

  test("end before the limit: a Retry-After beyond it gives the error at once", async () => {
    const clock = virtualClock();
    const error = refused(429, "ThrottlingException", { "retry-after": "30" });
    expect(
      await rejection(withRetries(failing(error).attempt, { rule: waitAfterAwsFailure, limitMs: 20_000, clock })),
    ).toBe(error);
    expect(clock.waits).toEqual([]);
  });

  test("leave each attempt the rest of the time", async () => {
    const { attempt, remaining } = failing(refused(500), refused(500));
    await withRetries(attempt, { rule: waitAfterAwsFailure, limitMs: 20_000, clock: virtualClock() });
    expect(remaining).toEqual([20_000, 19_800, 19_400]);
  });

  test("are cut short by the caller's signal", async () => {
    const abort = new AbortController();
    const attempt = async (): Promise<never> => {
      abort.abort();
      throw refused(500);
    };
    const error = await rejection(
      withRetries(attempt, { rule: waitAfterAwsFailure, limitMs: 20_000, clock: virtualClock(), signal: abort.signal }),
    );
    expect(error).toMatchObject({ code: "cancelled" });
  });
});
