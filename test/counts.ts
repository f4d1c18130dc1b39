/** How many tests ran, as Bun's JUnit report has it. */
export interface Counts {
  tests: number;
  failures: number;
  skipped: number;
}

/** The sums that the report states in its first element; zeros for what is no report. */
export function readCounts(report: string): Counts {
  const head = /<testsuites[^>]*>/.exec(report)?.[0] ?? "";
  const attribute = (name: string) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  return { tests: attribute("tests"), failures: attribute("failures"), skipped: attribute("skipped") };
}
