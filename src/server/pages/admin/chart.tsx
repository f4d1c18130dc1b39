/** Numbers over time as bars, drawn by the server; the words are HTML, which a narrow screen does not shrink. */
import { h } from "../view/jsx.ts";

export interface Bar {
  /** When, in words. */
  label: string;
  value: number;
}

interface ChartProps {
  title: string;
  /** Colour of the bars. */
  kind: "accent" | "danger";
  /** What one bar is: an hour, a day. */
  unit: string;
  bars: readonly Bar[];
}

/** Units of the drawing for one bar, and of its height; it is stretched to its place. */
const step = 10;
const height = 100;
/** A bar that is not of 0 is seen, however small. */
const least = 1.5;

/** Screen readers are told the sum, the most and the least; the page has the numbers as a table, too. */
export function Chart({ title, kind, unit, bars }: ChartProps) {
  const top = niceTop(Math.max(0, ...bars.map(({ value }) => value)));
  const sum = bars.reduce((total, { value }) => total + value, 0);
  const most = bars.reduce<Bar | undefined>((best, bar) => (bar.value > (best?.value ?? 0) ? bar : best), undefined);
  const inWords =
    most === undefined
      ? `${title}: none`
      : `${title} for each ${unit}: ${sum} in all, the most ${most.value}, ${most.label}`;
  return (
    <figure class="chart">
      <figcaption>
        <span class="name">{title}</span>
        <strong class="sum">{count(sum)}</strong>
      </figcaption>
      <div class="plot">
        <div class="scale" aria-hidden="true">
          <span>{count(top)}</span>
          <span>{top % 2 === 0 ? count(top / 2) : ""}</span>
          <span>0</span>
        </div>
        <svg viewBox={`0 0 ${bars.length * step} ${height}`} preserveAspectRatio="none" role="img" aria-label={inWords}>
          {[0, height / 2, height].map((y) => (
            <line class="grid" x1={0} x2={bars.length * step} y1={y} y2={y} vector-effect="non-scaling-stroke" />
          ))}
          {bars.map(({ label, value }, index) => {
            const tall = value === 0 ? 0 : Math.max(least, (value / top) * height);
            return (
              <g>
                <title>{`${label}: ${count(value)}`}</title>
                <rect class="reach" x={index * step} y={0} width={step} height={height} />
                <rect
                  class={kind}
                  x={index * step + 1.5}
                  y={round(height - tall)}
                  width={step - 3}
                  height={round(tall)}
                />
              </g>
            );
          })}
        </svg>
        <div class="span" aria-hidden="true">
          <span>{bars[0]?.label}</span>
          <span>{bars.at(-1)?.label}</span>
        </div>
      </div>
    </figure>
  );
}

/** The number with its thousands set apart. */
export function count(value: number): string {
  return value.toLocaleString("en-GB");
}

/** The next number of 1, 2 or 5 with zeros behind it, that is not less. */
function niceTop(value: number): number {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * power).find((top) => top >= value)!;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
