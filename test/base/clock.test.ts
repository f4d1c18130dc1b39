import { expect, test } from "bun:test";
import { systemClock } from "../../src/base/clock.ts";
import { requires } from "../requires.ts";

test.skipIf(!requires("python3") || process.platform !== "linux").each([
  ["elapsed", "counts sleep", "CLOCK_BOOTTIME"],
  ["awake", "stops in a sleep", "CLOCK_MONOTONIC"],
] as const)("%s, the clock that %s, is the system's %s, whatever the runtime's are", (name, _, clock) => {
  const before = systemClock[name]();
  const { stdout } = Bun.spawnSync(["python3", "-c", `import time; print(time.clock_gettime(time.${clock}))`]);
  const seen = Number(stdout.toString()) * 1000;
  expect(seen).toBeGreaterThanOrEqual(before);
  expect(seen).toBeLessThanOrEqual(systemClock[name]());
});

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

test("what counts sleep is no count of whole seconds", () => {
  const looks = Array.from({ length: 10 }, () => systemClock.elapsed());
  expect(looks.some((ms) => ms % 1000 !== 0)).toBe(true);
});
