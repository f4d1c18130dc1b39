/**
 * Parses INI text as Python's configparser does (RawConfigParser with its defaults), as pip reads its configuration
 * file, with the line range of each option.
 * https://docs.python.org/3/library/configparser.html#supported-ini-file-structure
 */

export interface IniOption {
  section: string;
  /** In lower case, as configparser returns it. */
  name: string;
  value: string;
  /** Line range with continuation lines: from `from` up to, not including, `to` (from 0). */
  from: number;
  to: number;
  /** White space before the name. A line with deeper indentation continues the value. */
  indent: string;
}

export interface IniFile {
  /** The line of each section's header. */
  sections: Map<string, { line: number; indent: string }>;
  options: IniOption[];
}

/** A syntax error by configparser's rules; `line` counts from 1. */
class IniError extends Error {
  constructor(line: number, why: string) {
    super(`line ${line}: ${why}`);
  }
}

// Python's str.isspace(), which differs from JavaScript's \s in the information separators, NEL and the BOM.
const space = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const leading = new RegExp(`^${space}*`);
const trailing = new RegExp(`${space}*$`);

function strip(text: string): string {
  return text.replace(leading, "").replace(trailing, "");
}

/** Parses lines (with or without line ends). Throws an Error with line and reason if configparser rejects the file. */
export function readIni(lines: string[]): IniFile {
  const sections: IniFile["sections"] = new Map();
  const options: IniOption[] = [];
  let section: string | undefined;
  let option: IniOption | undefined;
  let depth = 0;
  for (const [index, line] of lines.entries()) {
    const content = strip(line);
    if (content === "") {
      if (option) option.value += "\n";
      continue;
    }
    if (/^[#;]/.test(content)) continue;
    const indent = leading.exec(line)![0];
    if (option && indent.length > depth) {
      option.value += `\n${content}`;
      option.to = index + 1;
      continue;
    }
    depth = indent.length;
    const header = /^\[(.+)\]/s.exec(content)?.[1];
    if (header !== undefined) {
      if (sections.has(header) && header !== "DEFAULT") throw new IniError(index + 1, `a second section [${header}]`);
      if (!sections.has(header)) sections.set(header, { line: index, indent });
      section = header;
      option = undefined;
      continue;
    }
    if (section === undefined) throw new IniError(index + 1, "expected a section such as [global] first");
    option = readOption(content, section, index, indent);
    if (options.some(({ section: other, name }) => other === section && name === option!.name)) {
      throw new IniError(index + 1, `a second ${option.name} in [${section}]`);
    }
    options.push(option);
  }
  for (const each of options) each.value = each.value.replace(trailing, "");
  return { sections, options };
}

function readOption(content: string, section: string, line: number, indent: string): IniOption {
  const end = content.search(/[=:]/);
  if (end < 0) throw new IniError(line + 1, "expected NAME = VALUE");
  const name = strip(content.slice(0, end)).toLowerCase();
  if (name === "") throw new IniError(line + 1, "expected a name before the =");
  return { section, name, value: strip(content.slice(end + 1)), from: line, to: line + 1, indent };
}
