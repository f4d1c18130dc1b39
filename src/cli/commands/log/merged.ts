/** The record from both places: the agent's memory, and the files that it and earlier agents have kept. */
import { count } from "../../../base/words/count.ts";
import { dirname } from "node:path";
import { type Reply, routes } from "../../../agent/protocol.ts";
import type { RecordEntry } from "../../../agent/wire/reply-parts.ts";
import { askAgent, lstat } from "../../../agent/wire/client.ts";
import { agentLogPath } from "../../../agent/wire/log-path.ts";
import { VouchError } from "../../../base/errors.ts";
import { clockTime } from "../../terminal/time.ts";
import { KeptFiles } from "./kept-files.ts";

/** What one look has found. */
export interface Look {
  /** Those that are new, or have grown since the last look; the oldest first. */
  entries: RecordEntry[];
  isAgentRunning: boolean;
  /** Sentences on what is missing. */
  missing: string[];
}

export class MergedRecord {
  readonly #since: number;
  /** From when on the agent is asked: what it said before is known. */
  #next: number;
  #isFirst = true;
  #files: { folder: string; kept: KeptFiles } | undefined;
  /** How often each entry had been asked when it was looked at. */
  readonly #seen = new Map<string, number>();

  /** `since` in seconds since 1970. */
  constructor(since = 0) {
    this.#since = since;
    this.#next = since;
  }

  /** The first look throws as `askAgent`, where an agent runs that cannot be talked to; for the later ones it has ended. */
  async look(): Promise<Look> {
    const agent = await this.#askAgent();
    const kept = this.#keptIn(agent?.kept?.folder ?? stateFolder());
    const found = new Map<string, RecordEntry>(kept?.read());
    // The agent's own are as new as can be.
    for (const entry of agent?.entries ?? []) found.set(keyOf(entry), entry);
    const entries = [...found]
      .filter(([key, { last, count: asked }]) => last >= this.#since && this.#seen.get(key) !== asked)
      .toSorted(([, one], [, other]) => one.last - other.last);
    for (const [key, { count: asked }] of entries) this.#seen.set(key, asked);
    this.#next = Math.max(this.#next, ...(agent?.entries ?? []).map(({ last }) => last));
    this.#isFirst = false;
    return {
      entries: entries.map(([, entry]) => entry),
      isAgentRunning: agent !== undefined,
      missing: missingOf(agent, kept, this.#since),
    };
  }

  async #askAgent(): Promise<Reply<typeof routes.record> | undefined> {
    try {
      return await askAgent(routes.record, { since: this.#next });
    } catch (error) {
      const { code } = VouchError.from(error);
      if (code === "login_needed" || (!this.#isFirst && code === "agent_unavailable")) return undefined;
      throw error;
    }
  }

  /** Another agent may keep them elsewhere. */
  #keptIn(folder: string | undefined): KeptFiles | undefined {
    if (folder === undefined) return undefined;
    if (this.#files?.folder !== folder) this.#files = { folder, kept: new KeptFiles(folder) };
    return this.#files.kept;
  }
}

function stateFolder(): string | undefined {
  const path = agentLogPath(lstat);
  return path === undefined ? undefined : dirname(path);
}

/** An agent of a version that keeps no files names no id. */
function keyOf({ id, first, operation, target, outcome, askers }: RecordEntry): string {
  const [asker, parent] = askers;
  return id ?? JSON.stringify([first, operation, target, outcome, asker?.name, asker?.executable, parent?.pid]);
}

function missingOf(
  agent: Reply<typeof routes.record> | undefined,
  kept: KeptFiles | undefined,
  since: number,
): string[] {
  const found: string[] = [];
  const { broken = 0, lost = 0, unreadable = new Map<string, string>() } = kept ?? {};
  const gone = [...(kept?.gone ?? [])].filter(([, time]) => time > since);
  if (gone.length > 0) {
    const times = gone.map(([name, time]) => `before ${clockTime(time)} (${name})`);
    found.push(`Entries ${times.join(", ")} are gone: a full file replaces the one before it.`);
  }
  if (agent !== undefined && agent.leftOut > 0) {
    found.push(
      `${count(agent.leftOut, "line")} of earlier ${agent.leftOut === 1 ? "is" : "are"} left out: the agent remembers the last thousand of a kind (\`vouch setup log --keep yes\` keeps more).`,
    );
  }
  for (const [path, why] of unreadable) found.push(`${path} cannot be read: ${why}.`);
  if (broken > 0)
    found.push(
      `${count(broken, "line")} of the log's files ${broken === 1 ? "is" : "are"} broken or not Vouch's, and left out.`,
    );
  if (lost > 0) found.push(`${count(lost, "line")} could not be written into the log's files.`);
  const { failure, lost: waiting = 0 } = agent?.kept ?? {};
  if (failure !== undefined) {
    const dropped = waiting === 0 ? "" : ` ${count(waiting, "line")} had to be dropped.`;
    found.push(`The agent cannot write the log's files in ${agent?.kept?.folder}: ${failure}.${dropped}`);
  }
  return found;
}
