/** What the desktop's own screen lock tells on the session bus, where logind is not told. */
import { BusConnection, sessionBusAddress } from "../../base/dbus/connection.ts";
import type { Environment } from "../../base/environment.ts";
import { untilAborted, type Watch } from "./watcher.ts";

/** Each is the name of a service and of its interface. */
const screenSavers = [
  "org.freedesktop.ScreenSaver",
  "org.gnome.ScreenSaver",
  "org.cinnamon.ScreenSaver",
  "org.mate.ScreenSaver",
  "org.xfce.ScreenSaver",
];
const member = "ActiveChanged";

/** Calls `onLock` when a screen saver begins. Programs of this user may claim that: they may end the session anyway. */
export function screenSaverWatch(env: Environment, onLock: () => void): Watch {
  return async (stop, working) => {
    const address = sessionBusAddress(env);
    if (address === undefined) throw new Error("no session bus is known");
    const bus = await BusConnection.open(address, (signal) => {
      const isIt = screenSavers.includes(signal.interface ?? "") && signal.member === member;
      if (isIt && signal.signature === "b" && signal.body().boolean()) onLock();
    });
    try {
      for (const name of screenSavers) await bus.listen({ interface: name, member });
      if (!(await hasScreenSaver(bus))) throw new Error("no screen saver is on the session bus");
      working();
      await untilAborted(stop, bus.ended);
    } finally {
      bus.close();
    }
  };
}

/** Whether one of them is on the bus. Throws as `BusConnection.call`. */
export async function hasScreenSaver(bus: BusConnection): Promise<boolean> {
  const names = (await bus.ask("ListNames")).body().strings();
  return screenSavers.some((each) => names.includes(each));
}
