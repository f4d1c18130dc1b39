import { expect, test } from "bun:test";
import { systemClock } from "../../src/base/clock.ts";
import { requires } from "../requires.ts";

test.skipIf(!requires("python3") || process.platform !== "linux")(
  "the clock that stops in a sleep is the system's CLOCK_MONOTONIC, whatever the runtime's is",
  () => {
    const before = systemClock.awake();
    const script = "import time; print(time.clock_gettime(time.CLOCK_MONOTONIC))";
    const { stdout } = Bun.spawnSync(["python3", "-c", script]);
    const seen = Number(stdout.toString()) * 1000;
    expect(seen).toBeGreaterThanOrEqual(before);
    expect(seen).toBeLessThanOrEqual(systemClock.awake());
  },
);

test("no clock but that of the wall goes back", () => {
  for (const clock of ["elapsed", "awake"] as const) {
    let last = systemClock[clock]();
    for (let look = 0; look < 1000; look++) {
      const now = systemClock[clock]();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
  }
});
