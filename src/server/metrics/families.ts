/** Counters, gauges and histograms, and how OpenMetrics writes them (OpenMetrics 1.0, "Text format"). */

/** Beyond so many combinations of labels a family counts into one without a name: memory stays bounded. */
const maxSeries = 1_000;
const overflow = "other";

/** A family of metrics as text. */
export interface Family {
  /** The lines of the family, each with its line end. */
  text(): string;
}

interface Description {
  /** Without the suffix of its type. */
  name: string;
  help: string;
  unit?: "seconds" | "bytes";
}

/** A number that only grows, for each combination of labels. */
export class Counter implements Family {
  readonly #description: Description;
  readonly #labels: readonly string[];
  readonly #series = new Map<string, { labels: readonly string[]; count: number }>();

  constructor(description: Description, labels: readonly string[] = []) {
    this.#description = description;
    this.#labels = labels;
    if (labels.length === 0) this.#seriesOf([]);
  }

  /** Counts one; a value for each label. */
  increment(...labels: string[]): void {
    this.#seriesOf(labels).count += 1;
  }

  text(): string {
    const lines = [...this.#series.values()].map(
      ({ labels, count }) => `${this.#description.name}_total${labelText(this.#labels, labels)} ${count}\n`,
    );
    return head(this.#description, "counter") + lines.join("");
  }

  #seriesOf(labels: readonly string[]): { labels: readonly string[]; count: number } {
    return bounded(this.#series, labels, () => ({ labels, count: 0 }));
  }
}

interface Distribution {
  labels: readonly string[];
  /** One for each bound, and one beyond the last; not cumulative. */
  counts: number[];
  sum: number;
}

/** How often values were up to each of some bounds, for each combination of labels. */
export class Histogram implements Family {
  readonly #description: Description;
  readonly #bounds: readonly number[];
  readonly #labels: readonly string[];
  readonly #series = new Map<string, Distribution>();

  /** `bounds` ascend. */
  constructor(description: Description, bounds: readonly number[], labels: readonly string[] = []) {
    this.#description = description;
    this.#bounds = bounds;
    this.#labels = labels;
    if (labels.length === 0) this.#seriesOf([]);
  }

  observe(value: number, ...labels: string[]): void {
    const distribution = this.#seriesOf(labels);
    let index = 0;
    while (index < this.#bounds.length && value > this.#bounds[index]!) index++;
    distribution.counts[index]! += 1;
    distribution.sum += value;
  }

  text(): string {
    return head(this.#description, "histogram") + [...this.#series.values()].map((one) => this.#lines(one)).join("");
  }

  #lines({ labels, counts, sum }: Distribution): string {
    const { name } = this.#description;
    const names = [...this.#labels, "le"];
    let total = 0;
    const buckets = counts.map((count, index) => {
      total += count;
      const bound = index === this.#bounds.length ? "+Inf" : float(this.#bounds[index]!);
      return `${name}_bucket${labelText(names, [...labels, bound])} ${total}\n`;
    });
    const own = labelText(this.#labels, labels);
    return `${buckets.join("")}${name}_count${own} ${total}\n${name}_sum${own} ${sum}\n`;
  }

  #seriesOf(labels: readonly string[]): Distribution {
    const counts = () => Array.from({ length: this.#bounds.length + 1 }, () => 0);
    return bounded(this.#series, labels, () => ({ labels, counts: counts(), sum: 0 }));
  }
}

/** A value that is asked for when it is read; no line while it is undefined. */
export class Gauge implements Family {
  readonly #description: Description;
  readonly #value: () => number | undefined;

  constructor(description: Description, value: () => number | undefined) {
    this.#description = description;
    this.#value = value;
  }

  text(): string {
    const value = this.#value();
    return value === undefined ? "" : `${head(this.#description, "gauge")}${this.#description.name} ${value}\n`;
  }
}

/** What does not change while the process runs. */
export class Info implements Family {
  readonly #description: Description;
  readonly #labels: Record<string, string>;

  constructor(description: Description, labels: Record<string, string>) {
    this.#description = description;
    this.#labels = labels;
  }

  text(): string {
    const { name } = this.#description;
    const labels = labelText(Object.keys(this.#labels), Object.values(this.#labels));
    return `${head(this.#description, "info")}${name}_info${labels} 1\n`;
  }
}

/** The whole exposition. */
export function exposition(families: Iterable<Family>): string {
  return `${[...families].map((family) => family.text()).join("")}# EOF\n`;
}

function bounded<Series extends { labels: readonly string[] }>(
  all: Map<string, Series>,
  labels: readonly string[],
  make: () => Series,
): Series {
  const key = labels.length === 1 ? labels[0]! : labels.join("\0");
  const known = all.get(key);
  if (known !== undefined) return known;
  if (all.size >= maxSeries && labels.some((label) => label !== overflow)) {
    const rest = labels.map(() => overflow);
    return bounded(all, rest, () => ({ ...make(), labels: rest }));
  }
  const made = make();
  all.set(key, made);
  return made;
}

function head({ name, help, unit }: Description, type: string): string {
  const unitLine = unit === undefined ? "" : `# UNIT ${name} ${unit}\n`;
  return `# TYPE ${name} ${type}\n${unitLine}# HELP ${name} ${escaped(help)}\n`;
}

function labelText(names: readonly string[], values: readonly string[]): string {
  if (names.length === 0) return "";
  return `{${names.map((name, index) => `${name}="${escaped(values[index] ?? "")}"`).join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

/** The canonical form of a bound: always with a point. */
function float(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : `${value}`;
}
