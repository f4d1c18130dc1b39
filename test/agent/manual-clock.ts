/** The clocks of a session, moved by hand. */
import type { Clock } from "../../src/base/clock.ts";

export class ManualClock implements Clock {
  wallMs = Math.floor(Date.now() / 1000) * 1000;
  uptimeMs = 1_000_000;
  awakeMs = 0;

  now(): number {
    return this.wallMs;
  }

  elapsed(): number {
    return this.uptimeMs;
  }

  awake(): number {
    return this.awakeMs;
  }

  /** Time as it passes on a machine whose clock nobody touches. */
  pass(seconds: number): void {
    this.wallMs += seconds * 1000;
    this.uptimeMs += seconds * 1000;
    this.awakeMs += seconds * 1000;
  }

  /** The machine sleeps. */
  sleep(seconds: number): void {
    this.pass(seconds);
    this.awakeMs -= seconds * 1000;
  }
}
