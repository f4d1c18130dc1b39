/** Whether this machine can tell what may end a session, asked without a session. */
import { existsSync } from "node:fs";
import { BusConnection, sessionBusAddress, systemBusAddress } from "../../base/dbus/connection.ts";
import type { Environment } from "../../base/environment.ts";
import { findOnPath } from "../../base/system/path.ts";
import type { EndOn } from "../../settings/settings.ts";
import { logindName, noLogind } from "./logind.ts";
import { sysHidraw } from "./plugged-in.ts";
import { hasScreenSaver } from "./screen-savers.ts";
import { inhibitProgram } from "./sleep-delay.ts";

/** Why it cannot be noticed here, or not in time, as a sentence; undefined if it can. */
export async function whyNot(
  on: EndOn,
  env: Environment,
  platform: NodeJS.Platform = process.platform,
): Promise<string | undefined> {
  if (on === "key-removal") {
    if (platform !== "linux" || existsSync(sysHidraw)) return undefined;
    return `No security key can be seen here: ${sysHidraw} is missing, as in a container.`;
  }
  if (platform !== "linux")
    return on === "lock" ? noLockHere : lateSleep("macOS tells programs of Vouch's kind nothing before it");
  const withoutLogind = await whyNoLogind(env);
  if (on === "suspend") {
    if (withoutLogind !== undefined) return lateSleep(withoutLogind);
    return findOnPath(inhibitProgram, env) === undefined ? lateSleep(`${inhibitProgram} is not on PATH`) : undefined;
  }
  if (withoutLogind === undefined) return undefined;
  const withoutDesktop = await whyNoScreenSaver(env);
  return withoutDesktop && `A locked screen cannot be noticed here: ${withoutLogind}; ${withoutDesktop}.`;
}

/** Why `lock` cannot be chosen on macOS. */
export const noLockHere =
  "macOS tells of its screen lock by distributed notifications, which this program cannot receive.";

function lateSleep(why: string): string {
  return `A sleep is noticed only when the machine is awake again: ${why}.`;
}

async function whyNoLogind(env: Environment): Promise<string | undefined> {
  return reasonOf(systemBusAddress(env), async (bus) => {
    if ((await bus.ownerOf(logindName)) === undefined) throw new Error(noLogind);
  });
}

async function whyNoScreenSaver(env: Environment): Promise<string | undefined> {
  const address = sessionBusAddress(env);
  if (address === undefined) return "no session bus is known";
  return reasonOf(address, async (bus) => {
    if (!(await hasScreenSaver(bus))) throw new Error("no screen saver is on the session bus");
  });
}

/** Why the question cannot be answered, or what it throws. */
async function reasonOf(address: string, ask: (bus: BusConnection) => Promise<void>): Promise<string | undefined> {
  let bus: BusConnection | undefined;
  try {
    bus = await BusConnection.open(address, () => {});
    await ask(bus);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    bus?.close();
  }
}
