/**
 * A well-formed XML document with the position of every tag, which parsers that return values do not give. Without
 * document type declarations: their entities would decide what the text means.
 * https://www.w3.org/TR/xml/
 */

/** A part of an element's content: the characters from `from` up to, not including, `to`. */
export interface XmlNode {
  kind: "element" | "comment" | "text" | "cdata" | "instruction";
  from: number;
  to: number;
}

export interface XmlElement extends XmlNode {
  kind: "element";
  /** As written, with its prefix. */
  name: string;
  attributes: Map<string, string>;
  /** Between the tags; empty, behind the tag, for a self-closed element. */
  contentFrom: number;
  contentTo: number;
  isSelfClosed: boolean;
  /** In order; all kinds. */
  nodes: XmlNode[];
}

export interface XmlDocument {
  text: string;
  root: XmlElement;
  /** Of the XML declaration, in lower case; "utf-8" without one. */
  encoding: string;
}

/** Why a text is not an XML document that Vouch reads: a clause with the line, counted from 1. */
export class XmlError extends Error {}

/** The elements among the nodes, those of that name if one is given. */
export function childElements(element: XmlElement, name?: string): XmlElement[] {
  return element.nodes.filter(
    (node): node is XmlElement => node.kind === "element" && (name === undefined || (node as XmlElement).name === name),
  );
}

/** The text in an element without that of its child elements, references decoded, comments left out. */
export function textOf(document: XmlDocument, element: XmlElement): string {
  return element.nodes
    .map(({ kind, from, to }) => {
      if (kind === "text") return decode(document.text.slice(from, to));
      return kind === "cdata" ? document.text.slice(from + "<![CDATA[".length, to - "]]>".length) : "";
    })
    .join("");
}

/** The text as content of an element or of an attribute in double quotes. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Reads a document; a byte order mark may precede it. Throws `XmlError`. */
export function readXml(text: string): XmlDocument {
  return new Reader(text).document();
}

const nameStart =
  ":A-Z_a-z\\u{c0}-\\u{d6}\\u{d8}-\\u{f6}\\u{f8}-\\u{2ff}\\u{370}-\\u{37d}\\u{37f}-\\u{1fff}\\u{200c}-\\u{200d}\\u{2070}-\\u{218f}\\u{2c00}-\\u{2fef}\\u{3001}-\\u{d7ff}\\u{f900}-\\u{fdcf}\\u{fdf0}-\\u{fffd}\\u{10000}-\\u{effff}";
const namePattern = new RegExp(`[${nameStart}][${nameStart}\\-.0-9\\u{b7}\\u{300}-\\u{36f}\\u{203f}-\\u{2040}]*`, "uy");
const declaration =
  /<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"1\.\d"|'1\.\d')(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:"([\w.-]+)"|'([\w.-]+)'))?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*\?>/y;
const illegal = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u;
const reference = /&(?:(amp|lt|gt|quot|apos)|#([0-9]{1,7})|#x([0-9a-fA-F]{1,6}));/g;
const predefined: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** Elements deeper than this are refused: the reader would be recursive without end. */
const maxDepth = 200;

function decode(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(reference, (_, name: string, decimal: string, hex: string) => {
    if (name !== undefined) return predefined[name]!;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    // A noncharacter for what is no character: `illegal` finds it.
    return code > 0x10_ff_ff ? "\uffff" : String.fromCodePoint(code);
  });
}

class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): XmlDocument {
    const text = this.#text;
    const bad = illegal.exec(text.startsWith("\ufeff") ? text.slice(1) : text);
    if (bad) this.#fail("a character that XML does not allow", bad.index);
    this.#take(/\ufeff/y);
    const declared = this.#match(declaration);
    const encoding = (declared?.[1] ?? declared?.[2] ?? "utf-8").toLowerCase();
    this.#misc();
    if (!this.#isAt("<")) this.#fail("an element is missing");
    const root = this.#element();
    this.#misc();
    if (this.#at < text.length) this.#fail("something behind the end of the document");
    return { text, root, encoding };
  }

  /** White space, comments and processing instructions around the root. */
  #misc(): void {
    for (;;) {
      this.#take(/[ \t\r\n]*/y);
      if (this.#isAt("<!DOCTYPE")) this.#fail("a document type declaration, which Vouch does not read");
      if (this.#isAt("<!--")) this.#comment();
      else if (this.#isAt("<?")) this.#instruction();
      else return;
    }
  }

  #element(): XmlElement {
    const from = this.#at;
    if (++this.#depth > maxDepth) this.#fail("elements too deep in each other");
    this.#at += 1;
    const name = this.#name();
    const attributes = this.#attributes(name);
    const isSelfClosed = this.#take(/\//y) !== "";
    this.#expect(">", `the end of the tag <${name}>`);
    const contentFrom = this.#at;
    const nodes = isSelfClosed ? [] : this.#content(name, from);
    const contentTo = this.#at;
    if (!isSelfClosed) {
      this.#at += 2;
      const closed = this.#name();
      if (closed !== name) this.#fail(`</${closed}> in the place of </${name}>`);
      this.#take(/[ \t\r\n]*/y);
      this.#expect(">", `the end of the tag </${name}>`);
    }
    this.#depth--;
    return { kind: "element", name, attributes, from, to: this.#at, contentFrom, contentTo, isSelfClosed, nodes };
  }

  #attributes(element: string): Map<string, string> {
    const attributes = new Map<string, string>();
    while (this.#take(/[ \t\r\n]+/y) !== "" && !/[/>]/.test(this.#text[this.#at] ?? ">")) {
      const name = this.#name();
      if (attributes.has(name)) this.#fail(`a second attribute ${name} of <${element}>`);
      this.#take(/[ \t\r\n]*/y);
      this.#expect("=", `the value of the attribute ${name}`);
      this.#take(/[ \t\r\n]*/y);
      const from = this.#at;
      const value = this.#take(/"[^"<]*"|'[^'<]*'/y).slice(1, -1);
      if (this.#at === from) this.#fail(`the value of the attribute ${name}, in quotes, is missing`);
      this.#checkReferences(value, from);
      attributes.set(name, decode(value.replace(/[\t\r\n]/g, " ")));
    }
    return attributes;
  }

  /** The nodes up to the end tag. */
  #content(name: string, opened: number): XmlNode[] {
    const nodes: XmlNode[] = [];
    for (;;) {
      const from = this.#at;
      if (from >= this.#text.length) this.#fail(`<${name}> has no end`, opened);
      if (this.#isAt("</")) return nodes;
      if (this.#isAt("<!--")) nodes.push(this.#comment());
      else if (this.#isAt("<![CDATA[")) {
        this.#through("]]>", "a CDATA section");
        nodes.push({ kind: "cdata", from, to: this.#at });
      } else if (this.#isAt("<?")) nodes.push(this.#instruction());
      else if (this.#isAt("<")) nodes.push(this.#element());
      else {
        const text = this.#take(/[^<]+/y);
        if (text.includes("]]>")) this.#fail("`]]>` outside of a CDATA section", from + text.indexOf("]]>"));
        this.#checkReferences(text, from);
        nodes.push({ kind: "text", from, to: this.#at });
      }
    }
  }

  #comment(): XmlNode {
    const from = this.#at;
    this.#at += "<!--".length;
    this.#through("-->", "a comment", from);
    if (/--|-$/.test(this.#text.slice(from + 4, this.#at - 3))) this.#fail("`--` in a comment", from);
    return { kind: "comment", from, to: this.#at };
  }

  #instruction(): XmlNode {
    const from = this.#at;
    this.#at += 2;
    if (/^xml$/i.test(this.#name())) this.#fail("an XML declaration that is malformed or in the wrong place", from);
    this.#through("?>", "a processing instruction", from);
    return { kind: "instruction", from, to: this.#at };
  }

  #checkReferences(text: string, from: number): void {
    const rest = text.replace(reference, (whole) => {
      if (illegal.test(decode(whole))) this.#fail(`the reference ${whole}`, from);
      return " ".repeat(whole.length);
    });
    if (rest.includes("&")) this.#fail("`&` that begins no reference of XML's own", from + rest.indexOf("&"));
  }

  #name(): string {
    const name = this.#take(namePattern);
    if (name === "") this.#fail("a name is missing");
    return name;
  }

  #through(end: string, what: string, from = this.#at): void {
    const found = this.#text.indexOf(end, this.#at);
    if (found < 0) this.#fail(`${what} has no end`, from);
    this.#at = found + end.length;
  }

  #expect(token: string, what: string): void {
    if (!this.#isAt(token)) this.#fail(`${what} is missing`);
    this.#at += token.length;
  }

  #isAt(token: string): boolean {
    return this.#text.startsWith(token, this.#at);
  }

  #take(pattern: RegExp): string {
    return this.#match(pattern)?.[0] ?? "";
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    this.#at += found?.[0].length ?? 0;
    return found;
  }

  #fail(what: string, at = this.#at): never {
    throw new XmlError(`line ${this.#text.slice(0, at).split("\n").length}: ${what}`);
  }
}
