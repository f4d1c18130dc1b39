/** The first day, step by step: says what is there, and does what is missing. */
import { askStatus } from "../../../agent/wire/client.ts";
import { VouchError } from "../../../base/errors.ts";
import { loadSettings } from "../../../settings/settings.ts";
import { untilInterrupted } from "../../terminal/interrupt.ts";
import { bold, note, success } from "../../terminal/terminal.ts";
import { prove } from "./proof.ts";
import { repository } from "./repository.ts";
import { role } from "./role.ts";
import { securityKey } from "./security-key.ts";
import { session } from "./session.ts";
import type { Closing, Given, Situation, Step } from "./step.ts";

const steps: readonly Step[] = [securityKey, role, session, repository];

type Manner = Pick<Situation, "given" | "timeoutSeconds" | "isPerson">;

/** Whether the set-up of this machine lacks something: a session, which ends every day, is no part of it. */
export async function isUnfinished({ server: _server, name: _name, ...given }: Given): Promise<boolean> {
  const at = await situation({ given, timeoutSeconds: 0, isPerson: true });
  return steps.some((step) => step !== session && step.present(at) === undefined);
}

/** Whether flags are about a step after the first. */
export function hasFurtherSteps(given: Given): boolean {
  return steps.slice(1).some((step) => step.isGiven(given));
}

/**
 * Does the steps that are missing; without a person only those that flags are about. What is done stays when one fails:
 * the next run goes on there. Then one real request. Throws what a step throws, and the cause if the request fails.
 */
export async function firstDay(manner: Manner): Promise<void> {
  const closings: Closing[] = [];
  let presentCount = 0;
  const wanted = steps.filter((step) => manner.isPerson || step.isGiven(manner.given));
  for (const [index, step] of wanted.entries()) {
    const at = await situation(manner);
    const present = step.present(at);
    if (present !== undefined) {
      success(present);
      presentCount++;
      continue;
    }
    if (manner.isPerson) {
      if (index > 0) note("");
      note(bold(`${step.title} (step ${index + 1} of ${wanted.length})`));
    }
    try {
      const closing = await untilInterrupted(() => step.carryOut(at));
      if (closing) closings.push(closing);
    } catch (error) {
      throw resumable(error, index);
    }
  }
  if (presentCount === steps.length) note("Nothing is missing. A second key: `vouch keys add`.");
  await prove(await situation(manner));
  for (const close of closings) close();
}

async function situation(manner: Manner): Promise<Situation> {
  return { ...manner, settings: loadSettings(), agent: await askStatus() };
}

/** The error, with the command that goes on. */
function resumable(error: unknown, done: number): VouchError {
  const { code, message, hint, cause } = VouchError.from(error);
  const again = "What is done stays: `vouch enroll` goes on from here.";
  const more = done === 0 ? hint : hint === undefined ? again : `${hint} ${again}`;
  return new VouchError(code, message, { hint: more, cause });
}
