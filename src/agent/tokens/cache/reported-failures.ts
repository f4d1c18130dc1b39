/** Which failures were reported lately, so that a hundred commands in a row do not repeat one each. */
import type { Clock } from "../../../base/clock.ts";
import type { WireError } from "../../../base/errors.ts";

/** How long a reported failure is not repeated, in milliseconds. */
const repeatMs = 10_000;
/** Limit on the remembered reports. */
const maxReports = 256;

export class ReportedFailures {
  readonly #clock: Clock;
  readonly #reports = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the failure of the domain is to be reported; if so, it counts as reported from now on. */
  isDue(
    { domain, domainOwner, region }: Record<"domain" | "domainOwner" | "region", string>,
    error: WireError,
  ): boolean {
    const key = JSON.stringify([domain, domainOwner, region, error.code]);
    const now = this.#clock.elapsed();
    const at = this.#reports.get(key);
    if (at !== undefined && now - at < repeatMs) return false;
    if (this.#reports.size >= maxReports) this.#reports.clear();
    this.#reports.set(key, now);
    return true;
  }
}
