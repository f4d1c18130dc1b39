/** The markup of the pages is escaped, whatever stands in it. */
import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { Fragment, h } from "../../../../src/server/pages/view/jsx.ts";
import { propertyRuns } from "../../../property-runs.ts";

/** Elements and attributes as an HTML parser reads them. */
async function parsed(html: string): Promise<{ tags: string[]; title: string | null; text: string }> {
  const tags: string[] = [];
  let title: string | null = null;
  let text = "";
  const rewriter = new HTMLRewriter().on("*", {
    element(element) {
      tags.push(element.tagName);
      title = element.getAttribute("title") ?? title;
    },
    text(chunk) {
      text += chunk.text;
    },
  });
  await rewriter.transform(new Response(html)).text();
  return { tags, title, text };
}

test("any text comes out as text, and any attribute as that attribute", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary" }), async (any) => {
      const text = any.toWellFormed();
      const { tags, text: inner } = await parsed(h("p", { title: text }, text, h("b", null, "x"))!.text);
      expect(tags).toEqual(["p", "b"]);
      expect(inner).not.toMatch(/[<>"']/);
      expect(inner).toBe(`${Bun.escapeHTML(text)}x`);
    }),
    { numRuns: propertyRuns },
  );
});

test("nothing, lists and components come out as they should", () => {
  const Shout = ({ children }: { children?: string }) => h("b", null, children, "!");
  const made = h("ul", { class: undefined, hidden: true }, null, undefined, [h("li", null, 1), h(Shout, null, "<a>")]);
  expect(made!.text).toBe("<ul hidden><li>1</li><b>&lt;a&gt;!</b></ul>");
  expect(h(Fragment, null, "a", h("br", null))!.text).toBe("a<br>");
});

test.each<[string, () => unknown]>([
  ["an event handler", () => h("a", { onclick: "x" })],
  ["a style", () => h("a", { style: "x" })],
  ["a link to a script", () => h("a", { href: "javascript:alert(1)" })],
  ["a link without a scheme to another host", () => h("a", { href: "//evil.example" })],
  ["a link that browsers read as one", () => h("a", { href: "/\\evil.example" })],
  ["a form to another host", () => h("form", { action: "http://evil.example" })],
  ["an inline script", () => h("script", null, "alert(1)")],
  ["an attribute that is markup", () => h("a", { 'x="><script': "1" })],
  ["an element that is markup", () => h("a><script", null)],
])("a page cannot have %s", (_name, make) => {
  expect(make).toThrow("a page has no");
});
