/**
 * What a login, an ID token, a list and the deletion of what has expired cost in processor time with a hundred thousand
 * people, over the same with a hundred; and what three processes on one machine answer over one.
 */
import { join } from "node:path";
import { openStore } from "../../../src/server/store/open.ts";
import { type Postgres, requiresPostgres, startPostgres } from "../../server/postgres.ts";
import { addCrowd, addEnded, type Crowd } from "../crowd.ts";
import { processorSeconds } from "../processor-time.ts";
import { report, rounds, skip } from "../report.ts";
import { median } from "../timing.ts";
import {
  askAll,
  connections,
  made,
  type Member,
  ratePerSecond,
  startVouch,
  type VouchServer,
} from "../vouch-server.ts";

/** Those who log in, in either database: a multiple of the connections, so that nobody logs in twice at once. */
const members = 96;
const crowd: Crowd = { people: 100_000, keys: 200_000, sessions: 1_000_000 };

/** Requests of a round. */
const requests = 800;
/** Sessions that one purge deletes. */
const ended = 40_000;

const works = ["login", "token", "list", "purge"] as const;
type Work = (typeof works)[number];

const figureName = (work: Work, suffix: string) => `server_${work}_cost_growth${suffix}`;
const onPostgres = "_on_postgres";
const scaling = "server_replica_scaling";

/** The names of all figures. */
export const scaleFigures = [...works.flatMap((work) => [figureName(work, ""), figureName(work, onPostgres)]), scaling];

/** Measures them; `folder` is empty and private to it. */
export async function measureScale(folder: string): Promise<void> {
  const names = ["small", "large"] as const;
  const [small, large] = names.map((name) => `sqlite:${join(folder, `${name}.db`)}`) as [string, string];
  await measureGrowth(small, large, "", undefined);
  if (!requiresPostgres()) {
    for (const name of scaleFigures) if (name.endsWith(onPostgres) || name === scaling) skip(name, "no PostgreSQL");
    return;
  }
  const postgres = await startPostgres({ fsync: "on", shared_buffers: "512MB", max_wal_size: "4GB" });
  try {
    const databases = [await postgres.database(), await postgres.database()] as const;
    await measureGrowth(...databases, onPostgres, postgres);
    await measureReplicas(databases[0]);
  } finally {
    await postgres.remove();
  }
}

/** A server, its people with a session each, and the processor time of all that works for it. */
interface Place {
  database: string;
  vouch: VouchServer;
  people: Member[];
  tokens: string[];
}

async function measureGrowth(
  small: string,
  large: string,
  suffix: string,
  postgres: Postgres | undefined,
): Promise<void> {
  const now = Math.floor(Date.now() / 1000);
  // The first start makes the tables.
  await (await startVouch(large)).stop();
  await addCrowd(large, crowd, now);
  const places = await made(2, async (index) => open([small, large][index]!));
  try {
    const costs = new Map(works.map((work) => [work, places.map((): number[] => [])]));
    // The first round warms up.
    for (let round = 0; round <= rounds; round++) {
      for (const work of works) {
        for (const [index, place] of places.entries()) {
          const cost = await costOf(work, place, postgres);
          if (round > 0) costs.get(work)![index]!.push(cost);
        }
      }
    }
    for (const [work, [few, many]] of costs) {
      const words = `processor time of the server${postgres ? " and PostgreSQL" : ""}, in microseconds: ${micro(many!)} with ${crowd.people} people and ${crowd.sessions} sessions, ${micro(few!)} with ${members} people`;
      report(
        figureName(work, suffix),
        many!.map((cost, index) => cost / few![index]!),
        words,
      );
    }
  } finally {
    for (const { vouch } of places) await vouch.stop();
  }
}

const micro = (costs: number[]) => (median(costs) * 1e6).toFixed(0);

async function open(database: string): Promise<Place> {
  const vouch = await startVouch(database);
  const people = await vouch.enroll(members);
  const tokens = await Promise.all(people.map((person) => vouch.accessToken(person)));
  return { database, vouch, people, tokens };
}

/** Processor seconds of one login, token or list, or of one deleted session. */
async function costOf(work: Work, place: Place, postgres: Postgres | undefined): Promise<number> {
  const { vouch, people, tokens, database } = place;
  const used = () =>
    (postgres?.pid === undefined ? 0 : processorSeconds(postgres.pid)) +
    (work === "purge"
      ? process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6
      : processorSeconds(vouch.process.pid));
  const measured = async (count: number, run: () => Promise<void>) => {
    const before = used();
    await run();
    return (used() - before) / count;
  };
  const person = (number: number) => people[number % members]!;
  switch (work) {
    case "login":
      return measured(requests, () => askAll(requests, (_, number) => vouch.login(person(number))));
    case "token": {
      const proofs = await made(requests, (number) => vouch.proof(person(number).dpop));
      const ask = (_: number, number: number) => vouch.idToken(tokens[number % members]!, proofs[number]!);
      return measured(requests, () => askAll(requests, ask));
    }
    case "list": {
      const ask = (_: number, number: number) =>
        vouch.list("/v1/credentials", tokens[number % members]!, person(number).dpop);
      return measured(requests, () => askAll(requests, ask));
    }
    case "purge": {
      const now = Math.floor(Date.now() / 1000);
      await addEnded(database, ended, now);
      const store = await openStore(database, { create: false, now, sync: "grouped" });
      try {
        return await measured(ended, () => store.purge(now));
      } finally {
        await store.close();
      }
    }
  }
}

/** ID tokens from three processes over those from one, with the same database; everything on this machine. */
async function measureReplicas(database: string): Promise<void> {
  const replicas = await made(3, () => startVouch(database));
  try {
    const people = await replicas[0]!.enroll(connections);
    const tokens = await Promise.all(people.map((person) => replicas[0]!.accessToken(person)));
    const rate = async (count: number) => {
      const proofs = await made(requests, (number) => replicas[0]!.proof(people[number % connections]!.dpop));
      return ratePerSecond(requests, (connection, number) =>
        replicas[connection % count]!.idToken(tokens[connection]!, proofs[number]!),
      );
    };
    const pairs = await made(rounds + 1, async () => ({ one: await rate(1), three: await rate(3) }));
    const measured = pairs.slice(1);
    const words = `ID tokens a second: ${median(measured.map(({ three }) => three)).toFixed(0)} from three processes, ${median(measured.map(({ one }) => one)).toFixed(0)} from one; PostgreSQL, the processes and who asks them share ${navigator.hardwareConcurrency} processors`;
    report(
      scaling,
      measured.map(({ one, three }) => three / one),
      words,
    );
  } finally {
    for (const replica of replicas) await replica.stop();
  }
}
