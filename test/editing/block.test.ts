import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { blockIds, type Edit, insertBlocks, removeBlocks, replacedBy, splitLines } from "../../src/editing/block.ts";
import { rejection } from "../rejection.ts";
import { configTexts, isSubsequence, outsideBlocks } from "./texts.ts";

const file = "/home/dev/some.conf";
const undo = "vouch setup codeartifact --remove";
const rules = { file, isOwn: () => true };

const insert = (text: string | undefined, id: string, edits: Edit[]): string =>
  insertBlocks(text, id, edits, { file, undo });
const remove = (text: string, id: string): string | undefined => removeBlocks(text, id, rules);

const append = (text: string, line: string): Edit[] => {
  const end = splitLines(text).length;
  return [{ from: end, to: end, lines: [line] }];
};

test("a block keeps the lines that it replaces as comments", () => {
  const text = "[global]\nindex-url = https://index.example.com/simple\ntimeout = 60\n";
  expect(insert(text, "my-domain/my-repo", [{ from: 1, to: 2, lines: ["index-url = mine"] }])).toBe(
    [
      "[global]",
      "# >>> vouch my-domain/my-repo (undo: vouch setup codeartifact --remove)",
      "#| index-url = https://index.example.com/simple",
      "index-url = mine",
      "# <<< vouch",
      "timeout = 60",
      "",
    ].join("\n"),
  );
});

const pool = ["a = 1", "b = 2", "  indented", "[section]", "ünïcode = ✓", "trailing space ", "#| #| nested-looking"];

/** A text and edits of it, in ascending order and apart from each other. */
const textWithEdits = configTexts(pool).chain((text) => {
  const count = splitLines(text).length;
  const point = fc.nat({ max: count });
  return fc
    .record({
      points: fc.array(point, { maxLength: 8 }).map((points) => [...new Set(points)].toSorted((a, b) => a - b)),
      lines: fc.array(fc.constantFrom("x = 1", "y = 2"), { maxLength: 2 }),
    })
    .map(({ points, lines }) => {
      const edits: Edit[] = [];
      for (let index = 0; index + 1 < points.length; index += 2) {
        edits.push({ from: points[index]!, to: points[index + 1]!, lines });
      }
      return { text, edits };
    });
});

test("taking blocks away restores every byte, and what is outside of them never changes", () => {
  fc.assert(
    fc.property(textWithEdits, ({ text, edits }) => {
      fc.pre(edits.length > 0);
      const edited = insert(text, "one", edits);
      expect(remove(edited, "one")).toBe(text);
      expect(edited.startsWith("\ufeff")).toBe(text.startsWith("\ufeff"));
      expect(isSubsequence(outsideBlocks(edited), [...splitLines(text), ...withLineEnd(text)])).toBe(true);
    }),
    { numRuns: 500 },
  );
});

/** The last line may have got a line end, since a block follows it. */
function withLineEnd(text: string): string[] {
  return splitLines(text)
    .slice(-1)
    .flatMap((line) => [`${line}\n`, `${line}\r\n`]);
}

test("the blocks of three repositories can be taken away in any order", () => {
  const ids = ["one", "two", "three"];
  fc.assert(
    fc.property(
      configTexts(pool),
      fc.array(fc.nat({ max: 20 }), { minLength: 3, maxLength: 3 }),
      fc.shuffledSubarray(ids, { minLength: 3 }),
      fc.boolean(),
      (text, places, order, absent) => {
        const original = absent ? undefined : text;
        let edited = original;
        for (const [index, id] of ids.entries()) {
          const count = splitLines(edited ?? "").length;
          // Only lines of content are replaced: marks and saved lines are comments, which no editor replaces.
          const lines = splitLines(edited ?? "");
          const from = Math.min(places[index]!, count);
          const replaces = lines[from] !== undefined && !/^\s*(#|$)/.test(lines[from]);
          const inside = isInside(lines, from);
          const edit = replaces
            ? { from, to: from + 1, lines: [`x = ${id}`] }
            : { from: inside ? count : from, to: inside ? count : from, lines: [`x = ${id}`] };
          edited = insert(edited, id, [edit]);
        }
        for (const id of order) edited = edited === undefined ? undefined : remove(edited, id);
        expect(edited).toBe(original);
      },
    ),
    { numRuns: 500 },
  );
});

function isInside(lines: string[], at: number): boolean {
  const before = lines.slice(0, at);
  const start = before.findLastIndex((line) => line.startsWith("# >>> vouch "));
  return start > before.findLastIndex((line) => line.startsWith("# <<< vouch"));
}

describe("a block in a file and its removal keep every other byte", () => {
  test.each([
    ["empty", ""],
    ["only a byte order mark", "\ufeff"],
    ["one line without its end", "a = 1"],
    ["one line", "a = 1\n"],
    ["Windows line ends", "a = 1\r\nb = 2\r\n"],
    ["Windows line ends, the last one missing", "a = 1\r\nb = 2"],
    ["only line ends", "\n\n"],
  ])("in a file that is: %s", (_, text) => {
    const one = insert(text, "one", append(text, "x = 1"));
    const two = insert(one, "two", append(one, "y = 2"));
    expect(remove(one, "one")).toBe(text);
    expect(remove(remove(two, "one")!, "two")).toBe(text);
    expect(remove(remove(two, "two")!, "one")).toBe(text);
    expect(/(?<!\r)\n/.test(two)).toBe(!text.includes("\r\n"));
  });

  test("a file that did not exist is deleted with its last block, whichever that is", () => {
    const one = insert(undefined, "one", append("", "x = 1"));
    const two = insert(one, "two", append(one, "y = 2"));
    expect(remove(one, "one")).toBeUndefined();
    expect(remove(remove(two, "one")!, "two")).toBeUndefined();
    expect(remove(remove(two, "two")!, "one")).toBeUndefined();
  });

  test("a file that did not exist stays when the user has added to it", () => {
    expect(remove(`${insert(undefined, "one", append("", "x = 1"))}mine = 1\n`, "one")).toBe("mine = 1\n");
    expect(remove(insert("", "one", append("", "x = 1")), "one")).toBe("");
  });

  test("what the user adds behind a block stays when the block is removed", () => {
    const edited = insert("a = 1", "one", append("a = 1", "x = 1"));
    expect(remove(`${edited}b = 2`, "one")).toBe("a = 1\nb = 2");
  });
});

describe("an edit within the block of another id", () => {
  const one = insert("a = 1\n", "one", [{ from: 0, to: 1, lines: ["p = 1", "q = 1"] }]);

  test("takes that block's place and repeats that block's other lines", () => {
    const at = splitLines(one).indexOf("q = 1\n");
    const two = insert(one, "two", [{ from: at, to: at + 1, lines: ["q = 2"] }]);
    expect(two).toBe(
      [
        `# >>> vouch two (undo: ${undo})`,
        `#| # >>> vouch one (undo: ${undo})`,
        "#| #| a = 1",
        "#| p = 1",
        "#| q = 1",
        "#| # <<< vouch",
        "p = 1",
        "q = 2",
        "# <<< vouch",
        "",
      ].join("\n"),
    );
    expect(remove(two, "two")).toBe(one);
    expect(remove(remove(two, "one")!, "two")).toBe("a = 1\n");
  });

  test("works twice in the same block", () => {
    const [p, q] = ["p = 1\n", "q = 1\n"].map((line) => splitLines(one).indexOf(line)) as [number, number];
    const two = insert(one, "two", [
      { from: p, to: p + 1, lines: ["p = 2", "r = 2"] },
      { from: q, to: q + 1, lines: ["q = 2"] },
    ]);
    expect(two).toEndWith("# <<< vouch\np = 2\nr = 2\nq = 2\n# <<< vouch\n");
    expect(remove(two, "two")).toBe(one);
  });
});

describe("a file whose marks were changed by hand", () => {
  const edited = insert("a = 1\n", "one", [{ from: 0, to: 1, lines: ["x = 1"] }]);

  test.each([
    ["the end mark is gone", edited.replace("# <<< vouch\n", ""), "no end"],
    ["the first mark is gone", edited.replace(/^.*\n/, ""), "no beginning"],
    ["a block begins in a block", edited.replace("x = 1\n", edited), "no end"],
  ])("is an error where %s, and nothing is lost", async (_, text, why) => {
    const error = await rejection(Promise.try(() => remove(text, "one")));
    expect(error).toMatchObject({ code: "edit_conflict" });
    expect(error.message).toContain(why);
  });

  test("a line that Vouch did not write stays, and is told", () => {
    const strange = edited.replace("x = 1", "x = 1\n  mine = 2");
    const kept: string[] = [];
    const own = { file, isOwn: (line: string) => line === "x = 1", onKept: (line: string) => void kept.push(line) };
    expect(removeBlocks(strange, "one", own)).toBe("a = 1\n  mine = 2\n");
    expect(kept).toEqual(["mine = 2"]);
  });

  test("a line that the user has changed is in force; the one that it had replaced becomes a comment, whole", () => {
    const text = "h\na = 1\n  more\nb = 2\n";
    const block = insert(text, "one", [{ from: 1, to: 4, lines: ["[t]", "a = ours", "b = ours"] }]);
    const own = {
      file,
      isOwn: (line: string) => /ours|^\[/.test(line),
      keyOf: (line: string) => line.split(" = ")[0],
    };
    expect(removeBlocks(block.replace("a = ours", "a = mine"), "one", own)).toBe(
      "h\n# a = 1\n#   more\nb = 2\n[t]\na = mine\n",
    );
    expect(removeBlocks(block, "one", own)).toBe(text);
  });

  test("an editor may have changed the line ends or taken away white space at the end", () => {
    expect(remove(edited.replaceAll("\n", "\r\n"), "one")).toBe("a = 1\r\n");
    expect(remove(insert("\nb = 1\n", "one", [{ from: 0, to: 2, lines: [] }]).replaceAll(/ +\n/g, "\n"), "one")).toBe(
      "\nb = 1\n",
    );
  });

  test("a lone carriage return, which some readers take for a line end, is refused", async () => {
    const error = await rejection(Promise.try(() => insert("a = 1\rb = 2\n", "one", append("", "x = 1"))));
    expect(error).toMatchObject({ code: "edit_conflict" });
  });
});

test("what a block has replaced is read as the lines in force, of a block inside another too", () => {
  const one = insert("a = 1\nb = 2\n", "one", [{ from: 0, to: 1, lines: ["x = 1"] }]);
  expect(replacedBy(one, "one", file)).toEqual({ existed: true, lines: ["a = 1"] });
  const two = insert(one, "two", [{ from: 2, to: 3, lines: ["x = 2"] }]);
  expect(blockIds(two, file)).toEqual(["two", "one"]);
  expect(replacedBy(two, "two", file)).toEqual({ existed: true, lines: ["x = 1"] });
  expect(replacedBy(two, "one", file)).toEqual({ existed: true, lines: ["a = 1"] });
  expect(replacedBy(two, "three", file)).toBeUndefined();
  expect(replacedBy(insert(undefined, "one", append("", "x = 1")), "one", file)).toEqual({ existed: false, lines: [] });
});

test("only whole lines are marks: one inside a line, or a comment that begins like ours, is the user's", () => {
  const mark = "# >>> vouch one (undo: u)";
  for (const line of [
    `a = "${mark}"`,
    ` ${mark}`,
    `#${mark}`,
    `${mark} x`,
    "x # <<< vouch",
    " # <<< vouch",
    "# <<< vouchsafe",
  ]) {
    expect(blockIds(`${line}\n`, file)).toEqual([]);
    expect(remove(insert(`${line}\n`, "one", append(`${line}\n`, "x")), "one")).toBe(`${line}\n`);
  }
});
