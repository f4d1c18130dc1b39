/**
 * Desktop notifications, by the programs that a desktop brings along. Texts are untrusted: they go as whole arguments,
 * without control characters, and as text where the notification server reads markup.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../environment.ts";
import { printable } from "../words/printable.ts";
import { findOnPath } from "./path.ts";
import { runProgram } from "./program.ts";

export interface Notification {
  summary: string;
  body: string;
  /** Whether it stays until it is taken away, where the desktop can do that. */
  stays?: boolean;
}

/** Takes the notification away; it does not wait for that. */
type Withdraw = () => void;

/** A notification server that hangs is given up, in milliseconds. */
const timeoutMs = 3_000;
/** How long it stands there if nobody takes it away, in milliseconds. */
const shownMs = 20_000;
const maxLength = 300;
/** The server of the Desktop Notifications Specification, as `busctl call` names it. */
const server = ["org.freedesktop.Notifications", "/org/freedesktop/Notifications", "org.freedesktop.Notifications"];

/**
 * Shows a notification. It is a convenience beside a terminal: without a desktop, or if it cannot be shown, nothing
 * happens.
 */
export async function showNotification(
  { summary, body, stays = false }: Notification,
  env: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
): Promise<Withdraw> {
  const texts = { summary: shortened(summary), body: shortened(body) };
  try {
    if (platform === "darwin") await showByScript(texts, env);
    else if (hasSessionBus(env)) return await showByBus(texts, env, stays ? 0 : shownMs);
  } catch {
    // No desktop, no notification server, or another version of the program.
  }
  return () => {};
}

/** `osascript`, whose script takes the texts as arguments. macOS takes it away by itself. */
async function showByScript({ summary, body }: Notification, env: Environment): Promise<void> {
  const script = ["on run argv", "display notification (item 2 of argv) with title (item 1 of argv)", "end run"];
  const args = script.flatMap((line) => ["-e", line]);
  await runProgram("/usr/bin/osascript", [...args, summary, body], { env, timeoutMs });
}

/** `busctl` of systemd, which tells the notification's id; without it `notify-send` of libnotify. */
async function showByBus({ summary, body }: Notification, env: Environment, limitMs: number): Promise<Withdraw> {
  const escaped = body.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const busctl = findOnPath("busctl", env);
  if (busctl !== undefined) {
    const call = ["--user", "--", "call", ...server];
    const values = ["Vouch", "0", "", summary, escaped, "0", "0", `${limitMs}`];
    const shown = await runProgram(busctl, [...call, "Notify", "susssasa{sv}i", ...values], { env, timeoutMs });
    const id = /^u ([1-9][0-9]{0,9})$/m.exec(shown.stdout)?.[1];
    if (shown.exitCode === 0 && id !== undefined) {
      return () => void runProgram(busctl, [...call, "CloseNotification", "u", id], { env, timeoutMs }).catch(() => {});
    }
  }
  const notify = findOnPath("notify-send", env);
  if (notify !== undefined) {
    const options = ["--app-name=Vouch", `--expire-time=${limitMs}`];
    await runProgram(notify, [...options, "--", summary, escaped], { env, timeoutMs });
  }
  return () => {};
}

function hasSessionBus(env: Environment): boolean {
  const runtime = env["XDG_RUNTIME_DIR"];
  return (env["DBUS_SESSION_BUS_ADDRESS"] ?? "") !== "" || (runtime !== undefined && existsSync(join(runtime, "bus")));
}

function shortened(text: string): string {
  const clean = printable(text);
  return clean.length <= maxLength ? clean : `${clean.slice(0, maxLength - 1)}…`;
}
