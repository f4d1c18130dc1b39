/** CTAP2's subset of CBOR (CTAP 2.1, section 8 "Message Encoding"), on top of the library cborg. */
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

/** Size limit: above any CTAPHID message (7609 bytes) and any WebAuthn attestation object with certificates. */
const maxBytes = 65_536;
/** Depth limit: CTAP2 allows 4 levels of nesting; attestation statements of some vendors use a few more. */
const maxDepth = 16;

const decodeOptions = {
  useMaps: true,
  allowIndefinite: false,
  allowBigInt: true,
} as const;

/**
 * Encodes in the CTAP2 canonical form: definite lengths, shortest integers, map keys sorted by major type, then length,
 * then bytes.
 */
export function encodeCbor(value: CborValue): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encode(value));
}

/**
 * Decodes exactly one item. Maps become `Map`, integers outside the safe range `bigint`. Rejects malformed, indefinite,
 * tagged, too deep or too large input, duplicate map keys, map keys other than integers and text, and bytes after the
 * item. Throws `protocol_error`.
 */
export function decodeCbor(bytes: Uint8Array): CborValue {
  const { value, rest } = decodeCborPrefix(bytes);
  if (rest.length > 0) throw malformed(`expected the end after the first item, got ${rest.length} more bytes`);
  return value;
}

/**
 * Decodes the first item by the rules of {@link decodeCbor} and returns the remaining bytes (a view, not a copy).
 * Throws `protocol_error`.
 */
export function decodeCborPrefix(bytes: Uint8Array): { value: CborValue; rest: Uint8Array } {
  if (bytes.length > maxBytes) throw malformed(`expected at most ${maxBytes} bytes, got ${bytes.length}`);
  try {
    const [value, rest] = decodeFirst(bytes, {
      ...decodeOptions,
      tokenizer: new CheckedTokenizer(bytes, decodeOptions),
    });
    return { value, rest };
  } catch (error) {
    // cborg's messages describe its internals; only those of FormError are ours.
    throw malformed(error instanceof FormError ? error.message : "it is cut short, or no CBOR that CTAP2 knows", error);
  }
}

/** Decodes one item by the rules of {@link decodeCbor}; it must be a map. Throws `protocol_error`. */
export function decodeCborMap(bytes: Uint8Array): CborMap {
  const value = decodeCbor(bytes);
  if (!(value instanceof Map)) throw malformed("expected a map, got another type");
  return value;
}

function malformed(reason: string, cause?: unknown): VouchError {
  return new VouchError("protocol_error", `Malformed CBOR: ${reason}.`, { cause });
}

/** A violated CTAP2 rule that cborg does not check. */
class FormError extends Error {}

interface Frame {
  /** Keys of the map read so far, to find duplicates; undefined for an array. */
  keys: Set<unknown> | undefined;
  left: number;
}

/**
 * cborg's tokenizer with a depth limit, checked before the decoder recurses, and CTAP2's rules for map keys. Its errors
 * contain types and counts, never untrusted text.
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
