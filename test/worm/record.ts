/** What the agent remembers of those who asked. */
import type { Laptop } from "../laptop.ts";

/** How many asks stand in `vouch log`; none where the executable has no such command. */
export async function countAsksOnRecord(laptop: Laptop): Promise<number> {
  const { exitCode, stdout } = await laptop.vouch("log", "--json");
  if (exitCode !== 0) return 0;
  const entries = stdout
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { count: number });
  return entries.reduce((sum, { count }) => sum + count, 0);
}
