/** Arbitrary well-formed XML files with one root: odd white space, comments, CDATA, self-closed and missing elements. */
import fc from "fast-check";

/**
 * Documents with this root and any of the containers, each at most once, holding some of `elements`. With or without
 * declaration, byte order mark, attributes; on one line or many.
 */
export function xmlTexts(
  root: string,
  containers: readonly string[],
  elements: readonly string[],
): fc.Arbitrary<string> {
  const space = fc.constantFrom("", "\n", "\n  ", "\n\t", "\n\n    ", " ", " \n", "\r\n  ");
  const aside = fc.oneof(
    { weight: 4, arbitrary: fc.constant("") },
    fc.constantFrom(
      "<!-- a comment -->",
      "<!---->",
      "<!-- <servers> >>> vouch -->",
      "<?target data?>",
      "<note><![CDATA[</servers> ]] > <!-- ]]></note>",
      '<other a="/>" b=\'>"\'/>',
      "<o&#x6f;ps/>".replace("&#x6f;", "o"),
      "<ünïcode>✓ &amp; &#x26; &lt;</ünïcode>",
    ),
  );
  const tagSpace = fc.constantFrom("", " ", "\n", ' xmlns:x="urn:x"', " a='1' ");
  const pieces = (inner: fc.Arbitrary<string>, maxLength: number): fc.Arbitrary<string> =>
    fc.array(fc.tuple(space, inner, space, aside), { maxLength }).map((all) => all.flat().join(""));
  const element = (name: string, content: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc
      .tuple(tagSpace, content, fc.boolean(), fc.constantFrom("", " "))
      .map(([inTag, text, selfClosed, inEnd]) =>
        text === "" && selfClosed ? `<${name}${inTag}/>` : `<${name}${inTag}>${text}</${name}${inEnd}>`,
      );
  const container = (name: string): fc.Arbitrary<string> => element(name, pieces(fc.constantFrom("", ...elements), 3));
  const body = fc
    .shuffledSubarray([...containers])
    .chain((names) =>
      names.length === 0
        ? pieces(fc.constant(""), 2)
        : fc
            .tuple(...names.map((name) => fc.tuple(space, container(name), space, aside)))
            .map((all) => all.flat().join("")),
    );
  const whole = element(root, body);
  return fc
    .tuple(
      fc.constantFrom("", "\ufeff"),
      fc.constantFrom("", '<?xml version="1.0"?>', "<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\r\n"),
      fc.constantFrom("", "<!-- before -->\n", "\n"),
      whole,
      fc.constantFrom("", "\n", "\n<!-- after -->", "  \n\n"),
    )
    .map((parts) => parts.join(""));
}
