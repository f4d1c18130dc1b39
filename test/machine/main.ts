/**
 * `npm run test:hid [-- WORD…]`: the release executable and other programs against security keys that a kernel knows,
 * in a machine of their own; with words only the files whose names contain one.
 */
import { runSuite, whyNoMachine } from "./suite.ts";

const reason = whyNoMachine();
if (reason !== undefined) {
  console.error(`The machine cannot run here. ${reason}`);
  process.exit(1);
}
const { tests, failures, skipped } = await runSuite(process.argv.slice(2));
console.log(`${tests - failures - skipped} passed, ${failures} failed, ${skipped} skipped`);
process.exitCode = failures === 0 ? 0 : 1;
