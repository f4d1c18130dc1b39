/** CBOR as CTAP2 uses it (CTAP 2.1, section 8 "Message Encoding"), over the library cborg. */
import { decodeFirst, encode, type Token, Tokenizer, Type } from "cborg";
import { VouchError } from "../../base/errors.ts";

export type CborKey = number | bigint | string;
export type CborMap = ReadonlyMap<CborKey, CborValue>;
export type CborValue =
  | number
  | bigint
  | string
  | boolean
  | null
  | undefined
  | Uint8Array
  | readonly CborValue[]
  | CborMap;

/** More than any CTAPHID message (7609 bytes) or WebAuthn attestation object with certificates needs. */
const maxBytes = 65_536;
/** CTAP2 allows 4 levels of nesting; attestation statements of some vendors use a few more. */
const maxDepth = 16;

const decodeOptions = {
  useMaps: true,
  allowIndefinite: false,
  allowBigInt: true,
} as const;

/**
 * Encodes in the canonical CTAP2 form: definite lengths, shortest integers, map keys sorted by major type, then
 * length, then bytes.
 */
export function encodeCbor(value: CborValue): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encode(value));
}

/**
 * Decodes exactly one item. Maps become `Map`, integers outside the safe range `bigint`.
 * @throws VouchError `protocol_error` for malformed, indefinite, tagged, too deep or too large input, duplicate keys,
 *   map keys other than integers and text, and bytes after the item
 */
export function decodeCbor(bytes: Uint8Array): CborValue {
  const { value, rest } = decodeCborPrefix(bytes);
  if (rest.length > 0) throw malformed(`expected the end after the first item, got ${rest.length} more bytes`);
  return value;
}

/** Decodes as {@link decodeCbor} the item at the start and gives the bytes that follow it (a view, not a copy). */
export function decodeCborPrefix(bytes: Uint8Array): { value: CborValue; rest: Uint8Array } {
  if (bytes.length > maxBytes) throw malformed(`expected at most ${maxBytes} bytes, got ${bytes.length}`);
  try {
    const [value, rest] = decodeFirst(bytes, {
      ...decodeOptions,
      tokenizer: new CheckedTokenizer(bytes, decodeOptions),
    });
    return { value, rest };
  } catch (error) {
    // The decoder's own words are of its insides; those of the rules below are ours.
    throw malformed(error instanceof FormError ? error.message : "it is cut short, or no CBOR that CTAP2 knows", error);
  }
}

/** Decodes as {@link decodeCbor} and expects a map. */
export function decodeCborMap(bytes: Uint8Array): CborMap {
  const value = decodeCbor(bytes);
  if (!(value instanceof Map)) throw malformed("expected a map, got another type");
  return value;
}

function malformed(reason: string, cause?: unknown): VouchError {
  return new VouchError("protocol_error", `Malformed CBOR: ${reason}.`, { cause });
}

/** A rule of CTAP2 that the decoder does not have. */
class FormError extends Error {}

interface Frame {
  /** The keys of a map so far; undefined for an array. */
  keys: Set<unknown> | undefined;
  left: number;
}

/**
 * Adds to cborg's tokenizer a limit on depth, checked before the decoder recurses, and the rules for map keys. Its
 * errors tell types and counts, never the sender's text.
 */
class CheckedTokenizer extends Tokenizer {
  readonly #frames: Frame[] = [];

  override next(): Token {
    const token = super.next();
    const frame = this.#frames.at(-1);
    if (frame !== undefined) {
      if (frame.keys !== undefined && frame.left % 2 === 0) checkKey(token, frame.keys);
      frame.left -= 1;
    }
    if (token.type === Type.array || token.type === Type.map) {
      if (this.#frames.length === maxDepth) throw new FormError(`expected at most ${maxDepth} levels`);
      const isMap = token.type === Type.map;
      this.#frames.push({ keys: isMap ? new Set() : undefined, left: (isMap ? 2 : 1) * Number(token.value) });
    }
    while (this.#frames.at(-1)?.left === 0) this.#frames.pop();
    return token;
  }
}

function checkKey({ type, value }: Token, known: Set<unknown>): void {
  if (type !== Type.uint && type !== Type.negint && type !== Type.string) {
    throw new FormError(`expected an integer or text as map key, got ${type.name}`);
  }
  if (known.has(value)) throw new FormError("expected every map key once, got one twice");
  known.add(value);
}
