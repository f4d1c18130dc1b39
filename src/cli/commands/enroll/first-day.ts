/** The first day, step by step: says what is there, and does what is missing. */
import { routes } from "../../../agent/protocol.ts";
import { askAgent, askStatus } from "../../../agent/wire/client.ts";
import { loadSettings } from "../../../settings/settings.ts";
import { VouchError } from "../../../base/errors.ts";
import { untilInterrupted } from "../../terminal/interrupt.ts";
import { bold, note, success } from "../../terminal/terminal.ts";
import { agentTimeoutMs } from "../../key/ceremony.ts";
import { offerAnnounced } from "../setup/announced/offer.ts";
import { sayFirstCommand } from "../setup/codeartifact/outcome/report.ts";
import { withAgent } from "../with-agent.ts";
import { shimsOnPath } from "./path.ts";
import { prove } from "./proof.ts";
import { repository } from "./repository.ts";
import { resumable } from "./resumable.ts";
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
  // The step of the repository asks about it itself.
  let hasAskedOfPath = false;
  const offer = async ({ settings, given: { path } }: Situation): Promise<void> => {
    const server = settings.server?.url;
    if (!manner.isPerson || server === undefined) return;
    const done = (await untilInterrupted(() => offerAnnounced(server, { isPerson: true, path }))).at(-1);
    if (done === undefined) return;
    closings.push(() => sayFirstCommand(done));
    hasAskedOfPath = true;
  };
  const wanted = steps.filter((step) => manner.isPerson || step.isGiven(manner.given));
  for (const [index, next] of wanted.entries()) {
    const at = await situation(manner);
    const isLater = next === role && manner.isPerson && (await roleIsAnnounced(at));
    if (isLater) wanted.splice(index, 2, session, role);
    const step = isLater ? session : next;
    const present = step.present(at);
    if (present !== undefined) {
      success(present);
      presentCount++;
      if (step === session) await offer(at);
      continue;
    }
    if (manner.isPerson) {
      if (index > 0) note("");
      note(bold(`${step.title} (step ${index + 1} of ${wanted.length})`));
    }
    try {
      const closing = await untilInterrupted(() => step.carryOut(at));
      if (closing) closings.push(closing);
      hasAskedOfPath ||= step === repository;
      if (step === session) await offer(at);
    } catch (error) {
      if (VouchError.from(error).code === "cancelled") at.doubt.keep?.();
      throw resumable(error, index, at.doubt.hint);
    }
  }
  const path = hasAskedOfPath ? undefined : await pathOf(manner);
  if (path) closings.push(path);
  else if (presentCount === steps.length) note("Nothing is missing. A second key: `vouch keys add`.");
  await prove(await situation(manner));
  for (const close of closings) close();
}

/** Whether the server may announce, after the login, the role that this machine lacks. */
async function roleIsAnnounced(at: Situation): Promise<boolean> {
  const server = at.settings.server?.url;
  if (server === undefined || role.isGiven(at.given) || role.present(at) !== undefined) return false;
  const ask = () => askAgent(routes.enrollWays, { server }, { timeoutMs: agentTimeoutMs });
  const reply = await withAgent(ask, { isGuided: true }).catch(() => undefined);
  return reply?.announces === true;
}

/** PATH of package managers that were set up before. */
async function pathOf(manner: Manner): Promise<Closing | undefined> {
  if (!manner.isPerson && manner.given.path === undefined) return undefined;
  return untilInterrupted(async () => shimsOnPath(await situation(manner)));
}

async function situation(manner: Manner): Promise<Situation> {
  return { ...manner, settings: loadSettings(), agent: await askStatus(), doubt: {} };
}
