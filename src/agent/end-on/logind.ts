/**
 * What logind tells on the system bus (org.freedesktop.login1): that a session of this user is locked, and that the
 * machine is about to sleep. Signals count only from the owner of its name: any program may send some.
 */
import { BusConnection, BusError, systemBusAddress } from "../../base/dbus/connection.ts";
import type { Message } from "../../base/dbus/message.ts";
import type { Environment } from "../../base/environment.ts";
import { untilAborted, type Watch } from "./watcher.ts";

export const logindName = "org.freedesktop.login1";
const managerPath = "/org/freedesktop/login1";
const managerInterface = "org.freedesktop.login1.Manager";
const sessionInterface = "org.freedesktop.login1.Session";
const propertiesInterface = "org.freedesktop.DBus.Properties";
const sessionPaths = `${managerPath}/session`;

/** Why there is nothing to listen to. */
export const noLogind = "logind (org.freedesktop.login1) is not on the system bus";

/** Calls `onLock` when a session of this user is locked, by request or by its desktop. */
export function lockWatch(env: Environment, onLock: () => void): Watch {
  return watchLogind(
    env,
    async (bus, signal, stop) => {
      const path = signal.path ?? "";
      if (!path.startsWith(`${sessionPaths}/`)) return;
      const isLock = signal.interface === sessionInterface && signal.member === "Lock";
      const isChange = signal.interface === propertiesInterface && signal.member === "PropertiesChanged";
      // Of a session that was locked before, other properties may change, too.
      if (!isLock && !(isChange && becameLocked(signal))) return;
      if ((await mayBeOwn(bus, path)) && !stop.aborted) onLock();
    },
    [
      { interface: sessionInterface, member: "Lock", path_namespace: sessionPaths },
      {
        interface: propertiesInterface,
        member: "PropertiesChanged",
        path_namespace: sessionPaths,
        arg0: sessionInterface,
      },
    ],
  );
}

/** Calls `onSleep` before the machine sleeps; logind waits as long as somebody holds an inhibitor lock. */
export function sleepWatch(env: Environment, onSleep: () => void): Watch {
  const member = "PrepareForSleep";
  return watchLogind(
    env,
    (_, signal) => {
      const isIt = signal.path === managerPath && signal.interface === managerInterface && signal.member === member;
      if (isIt && signal.signature === "b" && signal.body().boolean()) onSleep();
    },
    [{ interface: managerInterface, member, path: managerPath }],
  );
}

function watchLogind(
  env: Environment,
  onSignal: (bus: BusConnection, signal: Message, stop: AbortSignal) => void | Promise<void>,
  rules: Record<string, string>[],
): Watch {
  return async (stop, working) => {
    let owner: string | undefined;
    const left = Promise.withResolvers<Error>();
    const bus = await BusConnection.open(systemBusAddress(env), (signal) => {
      if (signal.sender === "org.freedesktop.DBus" && signal.member === "NameOwnerChanged") {
        if (owner !== undefined) left.resolve(new Error("logind has been started anew"));
      } else if (owner !== undefined && signal.sender === owner) {
        // Other programs' signals never get here; one of logind that breaks its own signature tells nothing.
        void (async () => onSignal(bus, signal, stop))().catch(() => {});
      }
    });
    try {
      await bus.listen({
        sender: "org.freedesktop.DBus",
        interface: "org.freedesktop.DBus",
        member: "NameOwnerChanged",
        arg0: logindName,
      });
      for (const rule of rules) await bus.listen({ sender: logindName, ...rule });
      owner = await bus.ownerOf(logindName);
      if (owner === undefined) throw new Error(noLogind);
      working();
      await untilAborted(stop, Promise.race([bus.ended, left.promise]));
    } finally {
      bus.close();
    }
  };
}

/** The errors for a session that has ended meanwhile, or that there never was. */
const absent = new Set([
  "org.freedesktop.DBus.Error.UnknownObject",
  "org.freedesktop.DBus.Error.UnknownMethod",
  "org.freedesktop.DBus.Error.UnknownInterface",
  "org.freedesktop.login1.NoSuchSession",
]);

/** Whether the logind session is this user's, or whose it is cannot be told: a lock that is not seen leaves tokens open. */
async function mayBeOwn(bus: BusConnection, path: string): Promise<boolean> {
  const args = [sessionInterface, "User"];
  try {
    return isOwn(
      await bus.call({ destination: logindName, path, interface: propertiesInterface, member: "Get", args }),
    );
  } catch (error) {
    return !(error instanceof BusError && absent.has(error.message));
  }
}

/** Whether the property User, (uo), names this user. Throws `RangeError`. */
function isOwn(user: Message): boolean {
  if (user.signature !== "v") throw new RangeError(`expected a variant, got ${JSON.stringify(user.signature)}`);
  const reader = user.body();
  reader.variant("(uo)");
  reader.align(8);
  return reader.uint32() === process.getuid!();
}

/** Whether a PropertiesChanged, (sa{sv}as), says that LockedHint is true now: logind sends it when that has changed. */
function becameLocked(changed: Message): boolean {
  if (changed.signature !== "sa{sv}as") return false;
  const reader = changed.body();
  if (reader.string() !== sessionInterface) return false;
  let isLocked = false;
  reader.dictionary((name, signature) => {
    if (name !== "LockedHint" || signature !== "b") return false;
    isLocked = reader.boolean();
    return true;
  });
  return isLocked;
}
