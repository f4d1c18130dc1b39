/** Where the items of a CBOR text stand, found without the code under test. */

export interface Item {
  /** Where the head begins. */
  start: number;
  /** Where the content begins: the bytes of a string, the first element of an array. */
  content: number;
  /** Where the item ends, with all that is nested in it. */
  end: number;
  major: number;
  argument: number;
}

/** All items, outermost first; stops without an error where the bytes are not well-formed. */
export function cborItems(bytes: Uint8Array): Item[] {
  const items: Item[] = [];
  /** Those whose elements follow, and how many are missing. */
  const open: { item: Item; left: number }[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length;) {
    const item = readHead(view, at);
    if (item === undefined) break;
    items.push(item);
    const isString = item.major === 2 || item.major === 3;
    at = isString ? item.content + item.argument : item.content;
    if (at > bytes.length) break;
    item.end = at;
    const elements = item.major === 4 ? item.argument : item.major === 5 ? item.argument * 2 : item.major === 6 ? 1 : 0;
    const parent = open.at(-1);
    if (parent !== undefined) parent.left -= 1;
    if (elements > 0) open.push({ item, left: elements });
    for (let last = open.at(-1); last?.left === 0; last = open.at(-1)) {
      last.item.end = at;
      open.pop();
    }
    if (open.length === 0) break;
  }
  return items;
}

function readHead(view: DataView, start: number): Item | undefined {
  const initial = view.getUint8(start);
  const major = initial >> 5;
  const short = initial & 0x1f;
  const width = short < 24 ? 0 : short < 28 ? 1 << (short - 24) : undefined;
  if (width === undefined || start + 1 + width > view.byteLength) return undefined;
  const content = start + 1 + width;
  return { start, content, end: content, major, argument: width === 0 ? short : readArgument(view, start + 1, width) };
}

function readArgument(view: DataView, at: number, width: number): number {
  if (width === 1) return view.getUint8(at);
  if (width === 2) return view.getUint16(at);
  return width === 4 ? view.getUint32(at) : Number(view.getBigUint64(at));
}

/** The head of an item in its shortest form. */
export function cborHead(major: number, argument: number): Uint8Array {
  const type = major << 5;
  if (argument < 24) return Uint8Array.of(type | argument);
  if (argument < 0x100) return Uint8Array.of(type | 24, argument);
  if (argument < 0x10000) return Uint8Array.of(type | 25, argument >> 8, argument & 0xff);
  const head = new Uint8Array(5);
  head[0] = type | 26;
  new DataView(head.buffer).setUint32(1, argument);
  return head;
}
