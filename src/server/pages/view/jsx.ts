/**
 * The JSX of the pages: HTML as text. Text and attributes are escaped here, once and always; there is no way round it. An
 * own factory, because the types of every library for it bring those of a browser's DOM into the whole program.
 */

/** Escaped markup. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand within an element. */
export type Child = Html | string | number | null | undefined | readonly Child[];

type Attribute = string | number | boolean | null | undefined;
type Component<Props> = (props: Props) => Html | null;

/** Elements without an end tag (HTML, 13.1.2); those of SVG have one. */
const empty = new Set(["br", "hr", "img", "input", "link", "meta", "wbr"]);
/**
 * Attributes that lead somewhere: only within this server, to a place that a page itself names with https, or, of links, to
 * the person's own machine, where a terminal waits for the answer of a login (RFC 8252, 7.3).
 */
const leading = new Set(["href", "src", "action", "formaction"]);
const toTerminal = /^http:\/\/(127\.0\.0\.1|\[::1\]):\d{1,5}\/callback\?/;

/**
 * Makes an element, or the markup of a component. Throws an Error for what no page may have: an event handler, a style,
 * a link of another scheme, content of a script.
 */
export function h<Props extends object>(
  tag: string | Component<Props>,
  given: Props | null,
  ...children: Child[]
): Html | null {
  if (typeof tag === "function") {
    const inner = children.length === 0 ? {} : { children: children.length === 1 ? children[0] : children };
    return tag({ ...given, ...inner } as Props);
  }
  const attributes = Object.entries(given ?? {}).map(([name, value]) => attribute(name, value as Attribute));
  const start = `<${checkedName(tag)}${attributes.join("")}>`;
  if (empty.has(tag)) return new Html(start);
  const content = children.map(markup).join("");
  if ((tag === "script" || tag === "style") && content !== "") throw new Error(`a page has no content of a ${tag}`);
  return new Html(`${start}${content}</${tag}>`);
}

/** Several children without an element. */
export function Fragment({ children }: { children?: Child }): Html {
  return new Html(markup(children));
}

function markup(child: Child): string {
  if (child instanceof Html) return child.text;
  if (typeof child === "string" || typeof child === "number") return Bun.escapeHTML(child);
  return child === null || child === undefined ? "" : child.map(markup).join("");
}

function attribute(name: string, value: Attribute): string {
  if (value === undefined || value === null || value === false) return "";
  if (/^(on|style$)/i.test(name)) throw new Error(`a page has no attribute ${name}`);
  if (value === true) return ` ${checkedName(name)}`;
  const text = String(value);
  const isAllowed = /^(\/(?![/\\])|#|https:\/\/)/.test(text) || (name === "href" && toTerminal.test(text));
  if (leading.has(name) && !isAllowed) throw new Error(`a page has no such ${name}`);
  return ` ${checkedName(name)}="${Bun.escapeHTML(text)}"`;
}

function checkedName(name: string): string {
  if (/^[a-z][a-z0-9-]*$/i.test(name)) return name;
  throw new Error("a page has no such name of an element or attribute");
}

/** Types of JSX (TypeScript looks for them at the factory). */
export declare namespace h {
  namespace JSX {
    type Element = Html | null;
    interface ElementChildrenAttribute {
      children: unknown;
    }
    type IntrinsicElements = Record<string, Record<string, Attribute | Child>>;
  }
}
