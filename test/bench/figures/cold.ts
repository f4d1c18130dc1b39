/** The first token after a login, when everything outside is 50 milliseconds away. */
import { cargoGet, executable, type Laptop, person } from "../../laptop.ts";
import { report, rounds } from "../report.ts";
import { startSlowNetwork } from "../slow-network.ts";
import { median, parts, timeOnce } from "../timing.ts";

const delayMs = 50;
/** ID token, role credentials, CodeArtifact token. */
const roundTrips = 3;
const runs = 42;

/** From the moment when `vouch login` says that the person is logged in until the helper has ended with the token. */
export async function measureColdToken(laptop: Laptop): Promise<void> {
  const network = await startSlowNetwork(laptop.sandbox.proxyUrl, delayMs);
  const env = laptop.env;
  const near = { HTTPS_PROXY: env["HTTPS_PROXY"]!, https_proxy: env["https_proxy"]! };
  const times: number[] = [];
  try {
    for (let round = 0; round < runs; round++) {
      await laptop.vouch("agent", "stop");
      Object.assign(env, { HTTPS_PROXY: network.url, https_proxy: network.url });
      await laptop.startAgent();
      const { exitCode, screen } = await laptop.atTerminal(["login"], async ({ see, type }) => {
        await see("PIN");
        type(`${person.pin}\r`);
        await see("Logged in");
        times.push(await timeOnce({ commands: [[executable, "--cargo-plugin"]], env, stdin: cargoGet() }));
      });
      if (exitCode !== 0) throw new Error(`vouch login ended with ${exitCode}:\n${screen}`);
    }
  } finally {
    Object.assign(env, near);
    network.stop();
  }
  const words = `${median(times).toFixed(1)} ms from the login to the first token (median of ${runs}), every answer ${delayMs} ms late`;
  const medians = parts(times, rounds).map(median);
  report(
    "cold_over_network",
    medians.map((time) => time / (roundTrips * delayMs)),
    words,
  );
}
