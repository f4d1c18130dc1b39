/** The record's files in the state folder: one JSON object a line. The agent writes them, `vouch log` reads them. */
import * as v from "valibot";
import { isOperation } from "./questions.ts";

/**
 * What has changed something, answers that can publish, other answers, refusals, and what guests have asked, the weightiest
 * first: no kind can push another out. Each file has a predecessor, `.1`.
 */
export const keptFiles = {
  changed: "changed.jsonl",
  published: "published.jsonl",
  asked: "asked.jsonl",
  refused: "refused.jsonl",
  guests: "guests.jsonl",
} as const;
export type KeptList = keyof typeof keptFiles;
export const keptLists = Object.keys(keptFiles) as KeptList[];

/** The limit on each file, in bytes. */
export const maxKeptBytes = 4 << 20;

const Text = v.pipe(v.string(), v.maxLength(2_000));
const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** Seconds since 1970, up to the year 9999. */
const Time = v.pipe(Count, v.maxValue(253_402_300_799));

/** An entry of the record as it was then: a later line with its `id` replaces it. */
const EntryLine = v.object({
  v: v.literal(1),
  id: v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/)),
  first: Time,
  last: Time,
  count: Count,
  operation: v.pipe(Text, v.check(isOperation)),
  target: v.exactOptional(Text),
  claims: v.pipe(v.array(Text), v.maxLength(100)),
  outcome: Text,
  guest: v.exactOptional(v.object({ name: Text, uid: Count })),
  askers: v.pipe(
    v.array(
      v.object({
        pid: Count,
        name: Text,
        startedAt: Text,
        executable: v.exactOptional(Text),
        arguments: v.exactOptional(v.pipe(v.array(Text), v.maxLength(100))),
      }),
    ),
    v.maxLength(100),
  ),
});

/** How many entries could not be written before this line. */
const LossLine = v.object({ v: v.literal(1), time: Time, lost: Count });

/** A rotation has removed a predecessor: entries before this time may have gone with it. */
const GoneLine = v.object({ v: v.literal(1), gone: Time });

export const KeptLine = v.union([EntryLine, LossLine, GoneLine]);
export type KeptLine = v.InferOutput<typeof KeptLine>;
