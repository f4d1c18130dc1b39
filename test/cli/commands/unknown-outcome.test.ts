/** What is said of a change whose answer does not come. */
import { expect, test } from "bun:test";
import { VouchError } from "../../../src/base/errors.ts";
import { orUnknown } from "../../../src/cli/commands/unknown-outcome.ts";
import { rejection } from "../../rejection.ts";

const tells = "`vouch keys list` shows it.";

test("a person who breaks off the wait is told that it may be done, and what tells needs is kept", async () => {
  let kept = 0;
  const never = Promise.withResolvers<void>();
  const asked = rejection(
    orUnknown(
      () => never.promise,
      "the key is removed",
      tells,
      () => kept++,
    ),
  );
  process.emit("SIGINT");
  process.emit("SIGINT");
  expect(await asked).toMatchObject({
    code: "outcome_unknown",
    message: "Cancelled. It is not known whether the key is removed.",
    hint: tells,
  });
  expect(kept).toBe(1);
});

test("an answer that comes after Ctrl-C counts, a refusal as well", async () => {
  let kept = 0;
  const answer = Promise.withResolvers<string>();
  const asked = orUnknown(
    () => answer.promise,
    "the key is removed",
    tells,
    () => kept++,
  );
  process.emit("SIGINT");
  answer.resolve("done");
  expect(await asked).toBe("done");

  const refusal = Promise.withResolvers<string>();
  const refused = rejection(
    orUnknown(
      () => refusal.promise,
      "the key is removed",
      tells,
      () => kept++,
    ),
  );
  process.emit("SIGINT");
  refusal.reject(new VouchError("last_credential", "It is your only key."));
  expect((await refused).code).toBe("last_credential");
  expect(kept).toBe(0);
});

test("what tells needs is kept when the answer was lost", async () => {
  let kept = 0;
  const lost = () => Promise.reject(new VouchError("outcome_unknown", "No answer."));
  expect((await rejection(orUnknown(lost, "it is done", tells, () => kept++))).code).toBe("outcome_unknown");
  expect(kept).toBe(1);
});
