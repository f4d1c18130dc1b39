/**
 * The software security key as a process:
 *   bun test/authenticator/main.ts --socket PATH [--pin 123456] [--touch-delay MS] [--touch withheld] …
 * It prints `ready` when it listens and runs until its standard input ends or SIGTERM comes. A line `touch` on standard
 * input touches the key, `replug` takes it out and plugs it in again, `fault CBOR mute` (a command and a name of
 * faults.ts) breaks it and `fault none` mends it. State is in memory only.
 */
import { createInterface } from "node:readline";
import { readArguments } from "./arguments.ts";
import { readFault } from "./hid/faults.ts";
import { startAuthenticator } from "./start.ts";

const key = await startAuthenticator(readArguments(process.argv.slice(2)));
const input = createInterface({ input: process.stdin });
input.on("line", (line) => {
  if (line === "touch") key.ctap2.touch.press();
  if (line === "replug") key.powerCycle();
  if (line === "fault none") key.settings.fault = undefined;
  else if (line.startsWith("fault ")) key.settings.fault = readFault(line.slice("fault ".length));
});
input.on("close", () => void end());
process.on("SIGTERM", () => void end());
console.log("ready");

async function end(): Promise<void> {
  await key.stop();
  process.exit(0);
}
