/** XML documents of the query protocol. */

export interface Elements {
  /** A list has an element `member` for each of its entries. */
  [name: string]: string | Elements | readonly (string | Elements)[];
}

export const apiVersion = "2011-06-15";

/** A document with this root element; its namespace is that of STS unless another one is given. */
export function writeDocument(
  root: string,
  content: Elements,
  namespace = `https://sts.amazonaws.com/doc/${apiVersion}/`,
): string {
  const one = (value: Elements[string]): string => {
    if (typeof value === "string") return Bun.escapeHTML(value);
    if (Array.isArray(value)) return value.map((each) => `<member>${one(each)}</member>`).join("");
    return Object.entries(value)
      .map(([name, inner]) => `<${name}>${one(inner)}</${name}>`)
      .join("\n");
  };
  return `<${root} xmlns="${namespace}">\n${one(content)}\n</${root}>\n`;
}
