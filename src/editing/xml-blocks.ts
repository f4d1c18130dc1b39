/**
 * Marked blocks in XML files, as block.ts makes them in files with `#` comments. Vouch adds elements to a container (a
 * child of the root) and replaces nothing, so that only the containers' own tags have to be remembered:
 *
 *     <servers>
 *       <!-- >>> vouch my-domain/my-repo 123456789012 us-east-1 -->
 *       <server>…</server>
 *       <!-- <<< vouch; made servers -->
 *     </servers>
 *
 * Everything inserted begins with a line end, behind a character that is no white space; so its removal restores the
 * bytes. Blocks can be removed in any order: what a block remembers passes to another one.
 */
import { VouchError } from "../base/errors.ts";
import { childElements, readXml, type XmlDocument, type XmlElement, XmlError, type XmlNode } from "./xml-document.ts";

/** Elements to add to the root's child `container`, which is made if it is missing. */
export interface XmlAddition {
  container: string;
  /** Without line ends; each line begins with its indentation relative to the others. */
  lines: string[];
  /** Before the container's other content; otherwise behind it. */
  isFirst?: boolean;
}

export interface XmlFile {
  /** The path, for messages. */
  file: string;
  /** The root's name, and its tag for a new file: `<settings xmlns="…">`. */
  root: string;
  rootTag?: string;
}

export interface XmlRemovalRules extends XmlFile {
  /** Whether Vouch wrote this element of a block. Anything else in a block is the user's and stays. */
  isOwn: (element: XmlElement, document: XmlDocument) => boolean;
  /** Called with the text of each element of the user in the block. */
  onKept?: ((text: string) => void) | undefined;
}

interface Block {
  id: string;
  start: XmlNode;
  end: XmlNode;
  /** The nodes between the marks. */
  nodes: XmlNode[];
  flags: string[];
  parent: XmlElement;
}

const startMark = /^<!-- >>> vouch (\S.*) -->$/;
const endMark = /^<!-- <<< vouch((?:; [^;]+)*) -->$/;
const newFile = "this file did not exist";

/** Returns the text with the additions, each as a block. `text` is undefined for a new file. Throws `edit_conflict`. */
export function insertXmlBlocks(
  text: string | undefined,
  id: string,
  additions: readonly XmlAddition[],
  { file, root, rootTag = `<${root}>` }: XmlFile,
): string {
  let edited = text ?? `<?xml version="1.0" encoding="UTF-8"?>\n${rootTag}\n</${root}>\n`;
  let flags = text === undefined ? [newFile] : [];
  for (const addition of additions) {
    edited = insert(readFile(edited, { file, root }), id, addition, flags, file);
    flags = [];
  }
  return edited;
}

/** The ids of all blocks. Throws `edit_conflict`. */
export function xmlBlockIds(text: string, file: string): string[] {
  return [...new Set(blocksOf(readFile(text, { file }), file).map(({ id }) => id))];
}

/**
 * Removes the blocks of this id. What the user wrote in them stays. Returns undefined if Vouch created the file and
 * nothing else is in it. Throws `edit_conflict`.
 */
export function removeXmlBlocks(text: string, id: string, rules: XmlRemovalRules): string | undefined {
  let left: string | undefined = text;
  while (left !== undefined) {
    const document = readFile(left, rules);
    const block = blocksOf(document, rules.file).find((each) => each.id === id);
    if (block === undefined) return left;
    left = restore(removeBlock(document, block, rules), block, rules);
  }
  return undefined;
}

/** Reads a file. Throws `edit_conflict` for what is not well-formed, not UTF-8, or has another root. */
export function readFile(text: string, { file, root }: Pick<XmlFile, "file"> & Partial<XmlFile>): XmlDocument {
  let document: XmlDocument;
  try {
    document = readXml(text);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw new VouchError("edit_conflict", `${file} is not well-formed XML, so it is left alone: ${error.message}.`, {
      hint: "Mend the file, then run the command again.",
      cause: error,
    });
  }
  if (!/^(utf-?8|us-ascii)$/.test(document.encoding)) {
    throw conflict(`${file} declares the encoding ${document.encoding}`, "Save it as UTF-8");
  }
  if (root !== undefined && document.root.name !== root) {
    throw conflict(`${file} has the root <${document.root.name}>, where <${root}> was expected`, "Mend the file");
  }
  return document;
}

function insert(
  { text, root }: XmlDocument,
  id: string,
  { container: name, lines, isFirst }: XmlAddition,
  flags: readonly string[],
  file: string,
): string {
  const [container, second] = childElements(root, name);
  if (second) {
    throw conflict(`${file} has <${name}> twice (line ${lineOf(text, second)})`, "Make one of the two");
  }
  const eol = /\r?\n/.exec(text)?.[0] ?? "\n";
  const unit = indentationOf(text, childElements(root)[0]) ?? "  ";
  const indent = (depth: number): string => eol + unit.repeat(depth);
  const block = (more: readonly string[]): string =>
    [
      `<!-- >>> vouch ${encodeId(id)} -->`,
      ...lines,
      `<!-- <<< vouch${[...flags, ...more].map((flag) => `; ${flag}`).join("")} -->`,
    ]
      .map((line) => indent(2) + line)
      .join("");
  if (container) return openedWith(text, container, (more) => block(more), indent(1), isFirst);
  return openedWith(
    text,
    root,
    (more) => `${indent(1)}<${name}>${block([`made ${name}`, ...more])}${indent(1)}</${name}>`,
    eol,
  );
}

/** The text with the piece in the element, which gets two tags if it had one; `close` goes before the end tag then. */
function openedWith(
  text: string,
  element: XmlElement,
  piece: (flags: readonly string[]) => string,
  close: string,
  isFirst = false,
): string {
  const { name, contentFrom, contentTo, isSelfClosed } = element;
  if (isSelfClosed) {
    return `${text.slice(0, contentFrom - 2)}>${piece([`${name} was self-closed`])}${close}</${name}>${text.slice(contentFrom)}`;
  }
  const content = text.slice(contentFrom, contentTo);
  if (content === "") {
    return text.slice(0, contentFrom) + piece([`${name} was empty`]) + close + text.slice(contentTo);
  }
  const at = isFirst ? contentFrom : contentFrom + content.trimEnd().length;
  return text.slice(0, at) + piece([]) + text.slice(at);
}

/** The text without the block's marks and Vouch's elements in it. */
function removeBlock({ text, root }: XmlDocument, block: Block, rules: XmlRemovalRules): string {
  const document = { text, root, encoding: "" };
  const isOwn = (node: XmlNode): boolean => node.kind === "element" && rules.isOwn(node as XmlElement, document);
  const users = block.nodes.filter((node) => !isOwn(node) && text.slice(node.from, node.to).trim() !== "");
  for (const node of users) rules.onKept?.(text.slice(node.from, node.to));
  const removed =
    users.length === 0
      ? [{ from: block.start.from, to: block.end.to }]
      : [block.start, ...block.nodes.filter(isOwn), block.end];
  return removed
    .toReversed()
    .reduce((left, { from, to }) => withoutLineEnd(left.slice(0, from)) + left.slice(to), text);
}

/** Restores the tags that the removed block remembers, or passes what it remembers to another block. */
function restore(text: string, { flags, parent }: Block, rules: XmlRemovalRules): string | undefined {
  const isOfParent = (flag: string): boolean => flag !== newFile && flag.split(" ").includes(parent.name);
  let left = text;
  for (const flag of [...flags.filter(isOfParent), ...flags.filter((each) => !isOfParent(each))]) {
    const { root } = readFile(left, rules);
    const name = flag === newFile ? root.name : /^made (\S+)$|^(\S+) was /.exec(flag)?.slice(1).join("");
    const element = name === root.name ? root : childElements(root, name)[0];
    if (!element) continue;
    const heir = blocksOf({ text: left, root, encoding: "" }, rules.file).find(
      ({ parent: other }) => element === root || other.from === element.from,
    );
    const { from, to, contentFrom, contentTo } = element;
    if (heir) {
      const at = heir.end.to - " -->".length;
      if (!heir.flags.includes(flag)) left = `${left.slice(0, at)}; ${flag}${left.slice(at)}`;
    } else if (left.slice(contentFrom, contentTo).trim() !== "") {
      continue;
    } else if (flag === newFile) {
      const around = left.slice(0, from).replace(/^\ufeff?<\?xml[^>]*\?>/, "") + left.slice(to);
      if (around.trim() === "") return undefined;
    } else if (flag.startsWith("made ")) {
      left = withoutLineEnd(left.slice(0, from)) + left.slice(to);
    } else if (flag.endsWith("self-closed")) {
      left = `${left.slice(0, contentFrom - 1)}/>${left.slice(to)}`;
    } else {
      left = left.slice(0, contentFrom) + left.slice(contentTo);
    }
  }
  return left;
}

function blocksOf(document: XmlDocument, file: string): Block[] {
  const { text } = document;
  const changedByHand = (node: XmlNode, what: string): VouchError =>
    conflict(
      `${file} was changed by hand: ${what} (line ${lineOf(text, node)})`,
      "Repair or delete the elements from `>>> vouch` to `<<< vouch`",
    );
  const find = (parent: XmlElement): Block[] => {
    const found: Block[] = [];
    let open: Block | undefined;
    for (const node of parent.nodes) {
      const comment = node.kind === "comment" ? text.slice(node.from, node.to) : "";
      const start = startMark.exec(comment);
      const end = endMark.exec(comment);
      if (start) {
        if (open) throw changedByHand(open.start, `the block of ${open.id} has no end`);
        open = { id: decodeId(start[1]!), start: node, end: node, nodes: [], flags: [], parent };
      } else if (end) {
        if (!open) throw changedByHand(node, "the mark `<<< vouch` has no beginning");
        found.push({ ...open, end: node, flags: end[1]!.split("; ").slice(1) });
        open = undefined;
      } else {
        open?.nodes.push(node);
        if (node.kind === "element") found.push(...find(node as XmlElement));
      }
    }
    if (open) throw changedByHand(open.start, `the block of ${open.id} has no end`);
    return found;
  };
  return find(document.root);
}

/** A comment holds no `--`, which names of domains and repositories may have. */
function encodeId(id: string): string {
  return id.replaceAll("%", "%25").replaceAll("--", "-%2D");
}

function decodeId(text: string): string {
  return text.replaceAll("%2D", "-").replaceAll("%25", "%");
}

/** Without one line end and the indentation behind it. */
function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n[ \t]*$/, "");
}

function indentationOf(text: string, element: XmlElement | undefined): string | undefined {
  return element && /\n([ \t]+)$/.exec(text.slice(0, element.from))?.[1];
}

function lineOf(text: string, { from }: XmlNode): number {
  return text.slice(0, from).split("\n").length;
}

function conflict(what: string, hint: string): VouchError {
  return new VouchError("edit_conflict", `${what}.`, { hint: `${hint}; then run the command again.` });
}
