/** A test that failed. */
export interface Failure {
  /** The file and line, then the names of its groups and its own. */
  test: string;
  /** What was expected and what came, whole. */
  message: string;
}

/** What a run came to, as Bun's JUnit report has it. */
export interface Outcome {
  tests: number;
  failures: number;
  skipped: number;
  failed: Failure[];
}

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function decode(text: string): string {
  return text.replaceAll(/&(?:#(\d+)|(\w+));/g, (whole, code: string | undefined, name: string | undefined) =>
    code === undefined ? (entities[name!] ?? whole) : String.fromCodePoint(Number(code)),
  );
}

function attribute(element: string, name: string): string {
  return decode(new RegExp(`\\b${name}="([^"]*)"`).exec(element)?.[1] ?? "");
}

/** The sums that the report states in its first element, and each failed test; zeros for what is no report. */
export function readReport(report: string): Outcome {
  const head = /<testsuites[^>]*>/.exec(report)?.[0] ?? "";
  const count = (name: string) => Number(attribute(head, name));
  const failed = [...report.matchAll(/(<testcase\b[^>]*>)\s*(<failure\b[^>]*>)/g)].map(([, test, failure]) => ({
    test: `${attribute(test!, "file")}:${attribute(test!, "line")}: ${attribute(test!, "classname")} > ${attribute(test!, "name")}`,
    message: attribute(failure!, "message"),
  }));
  return { tests: count("tests"), failures: count("failures"), skipped: count("skipped"), failed };
}

/**
 * The errors outside of a test in what Bun printed: a test file that could not be read, a hook, a promise that nobody
 * awaited. Bun's report does not have them.
 */
export function errorsOutsideTests(printed: string): Outcome {
  const failed: Failure[] = [];
  const lines = printed.split("\n");
  for (const [at, line] of lines.entries()) {
    if (line !== "# Unhandled error between tests") continue;
    const message = lines.slice(at + 2, lines.indexOf(lines[at + 1]!, at + 2)).join("\n");
    // The stack alone names the file where several run at once.
    const file = /([^\s(/]+\.test\.ts):\d+/.exec(message)?.[1] ?? "a test file";
    failed.push({ test: `${file}: outside of a test`, message });
  }
  return { tests: failed.length, failures: failed.length, skipped: 0, failed };
}

/** The sum of several runs. */
export function addOutcomes(outcomes: Outcome[]): Outcome {
  const sum: Outcome = { tests: 0, failures: 0, skipped: 0, failed: [] };
  for (const { tests, failures, skipped, failed } of outcomes) {
    sum.tests += tests;
    sum.failures += failures;
    sum.skipped += skipped;
    sum.failed.push(...failed);
  }
  return sum;
}

/** The failed tests, for the end of a long log: of each the first lines, and as many of the last. */
export function describeFailures(failed: Failure[], lines = 12): string {
  return failed
    .map(({ test, message }) => {
      const parts = message.trimEnd().split("\n");
      const left = parts.length - 2 * lines;
      const shown = left > 1 ? [...parts.slice(0, lines), `[${left} lines more above]`, ...parts.slice(-lines)] : parts;
      return [`FAILED ${test}`, ...shown.map((line) => `    ${line}`.trimEnd())].join("\n");
    })
    .join("\n");
}
