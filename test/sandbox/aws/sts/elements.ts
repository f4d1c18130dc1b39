/** XML documents of the query protocol. */

export interface Elements {
  [name: string]: string | Elements;
}

export const apiVersion = "2011-06-15";

/** A document with this root element. */
export function writeDocument(root: string, content: Elements): string {
  const write = (elements: Elements): string =>
    Object.entries(elements)
      .map(([name, value]) => `<${name}>${typeof value === "string" ? Bun.escapeHTML(value) : write(value)}</${name}>`)
      .join("\n");
  return `<${root} xmlns="https://sts.amazonaws.com/doc/${apiVersion}/">\n${write(content)}\n</${root}>\n`;
}
