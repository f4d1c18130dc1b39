/** What all cells share: sandbox, Vouch server, an enrolled security key, and somebody who listens. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type HostileListener, holdsToken, startHostileListener } from "../binary/hostile/listener.ts";
import { type Laptop, person, sandboxExecutable, startLaptop } from "../laptop.ts";
import { runInTerminal } from "../pty.ts";
import { addPublishRole } from "../sandbox/aws/publish-role.ts";
import { createOthers, foreignHost, type Others } from "./others.ts";

export interface Office {
  laptop: Laptop;
  others: Others;
  /** The proxy for plain http. */
  listener: HostileListener;
  /** Vouch's settings of somebody who has enrolled and named the role, and set up nothing. */
  settings: string;
  /** Where the cells' home folders are. */
  homes: string;
  /** Does something with the security key: one at a time, since there is one. */
  atSecurityKey<T>(use: () => Promise<T>): Promise<T>;
  /** `vouch login` with this environment. */
  login(env: Record<string, string>): Promise<void>;
  /** The requests to others that held a token, since the start. */
  toOthers(): string[];
  stop(): Promise<void>;
}

/** Starts it all; needs dist/sandbox/vouch. `folder` is empty, and its path short enough for sockets. */
export async function openOffice(folder: string): Promise<Office> {
  const others = createOthers();
  const laptop = await startLaptop({
    folder: join(folder, "office"),
    executable: sandboxExecutable,
    routes: others.routes,
    account: addPublishRole,
  });
  mkdirSync(join(folder, "listener"));
  const listener = await startHostileListener({
    folder: join(folder, "listener"),
    host: foreignHost,
    relay: laptop.sandbox.proxyUrl,
  });
  await laptop.enroll();
  await laptop.setUpAws();
  await laptop.run([sandboxExecutable, "agent", "stop"]);
  const homes = join(folder, "homes");
  mkdirSync(homes);
  let turn: Promise<unknown> = Promise.resolve();
  function atSecurityKey<T>(use: () => Promise<T>): Promise<T> {
    const mine = turn.then(use);
    turn = mine.catch(() => {});
    return mine;
  }
  async function logIn(env: Record<string, string>): Promise<void> {
    const run = await runInTerminal([sandboxExecutable, "login"], { env, cwd: env["HOME"]! }, async ({ see, type }) => {
      await see("PIN");
      type(`${person.pin}\r`);
    });
    if (run.exitCode !== 0) throw new Error(`vouch login ended with ${run.exitCode}:\n${run.screen}`);
  }
  return {
    laptop,
    others,
    listener,
    homes,
    settings: readFileSync(join(laptop.home, ".config/vouch/config.json"), "utf8"),
    atSecurityKey,
    login: (env) => atSecurityKey(() => logIn(env)),
    toOthers: () => [...others.requests, ...listener.requests].filter((request) => holdsToken(request)),
    async stop() {
      await listener.stop();
      await laptop.stop();
    },
  };
}
