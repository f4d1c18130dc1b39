/** Whether what was read is in proportion to what was sent. */
import { Violation } from "./violation.ts";

/** What one byte of input may become: an item of a list, with what the list needs for it. */
const MAX_UNITS_PER_BYTE = 4;
/** What is there without any input: field names, defaults, the client data. */
const MAX_UNITS_WITHOUT_INPUT = 4_096;

/** Throws a Violation when the value is larger than so many bytes of input account for. */
export function expectBounded(value: unknown, inputBytes: number): void {
  const limit = MAX_UNITS_WITHOUT_INPUT + MAX_UNITS_PER_BYTE * inputBytes;
  const size = units(value, limit);
  if (size > limit) throw new Violation(`${inputBytes} bytes of input became a value of more than ${limit} units`);
}

/** One for each value, byte and character; stops counting after the limit. */
function units(root: unknown, limit: number): number {
  const pending: unknown[] = [root];
  let sum = 0;
  for (let value = pending.pop(); sum <= limit; value = pending.pop()) {
    sum += 1;
    if (typeof value === "string") sum += value.length;
    else if (ArrayBuffer.isView(value)) sum += value.byteLength;
    else if (Array.isArray(value)) pending.push(...value);
    else if (value instanceof Map) pending.push(...value.keys(), ...value.values());
    else if (typeof value === "object" && value !== null) pending.push(...Object.values(value));
    if (pending.length === 0) break;
  }
  return sum;
}
