/** The rules of the Python index that pip does not run into by itself, and the upload that twine does. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { uploadFields } from "../packages.ts";
import { origin, startVisitor, type Visitor } from "./visitor.ts";

const wheel = { name: "My.Package", version: "1.0.0", files: { "my_package/__init__.py": "answer = 42\n" } };

let visitor: Visitor;

beforeEach(async () => {
  visitor = await startVisitor();
});
afterEach(() => visitor.sandbox.stop());

function upload(change: Record<string, string | File> = {}): Promise<Response> {
  const form = new FormData();
  for (const [name, value] of new Map([...uploadFields(wheel), ...Object.entries(change)])) form.append(name, value);
  return visitor.send("POST", "/pypi/my-repo/", form);
}

test("what twine uploads is listed in both forms, under every spelling of the name", async () => {
  expect((await upload()).status).toBe(200);
  const sha256 = uploadFields(wheel).get("sha256_digest") as string;
  const url = `${origin}/pypi/my-repo/simple/my-package/1.0.0/my_package-1.0.0-py3-none-any.whl`;
  for (const spelling of ["my-package", "My.Package", "my__package"]) {
    expect(await (await visitor.get(`/pypi/my-repo/simple/${spelling}/`)).text()).toContain(
      `<a href="${url}#sha256=${sha256}"`,
    );
  }
  const json = await visitor.get("/pypi/my-repo/simple/my-package/", { accept: "application/vnd.pypi.simple.v1+json" });
  expect(await json.json()).toMatchObject({ name: "my-package", files: [{ url, hashes: { sha256 } }] });
  expect((await visitor.get(new URL(url).pathname)).status).toBe(200);
});

// 409 is what CodeArtifact answers (DeytaHQ/khora#498); PyPI answers 400.
test("a file of a Python project is uploaded once", async () => {
  expect((await upload()).status).toBe(200);
  expect((await upload()).status).toBe(409);
});

// Warehouse, forklift/forms.py. Not checked, for want of an account: which of them CodeArtifact refuses.
const malformed: [what: string, change: Record<string, string | File>][] = [
  ["another digest", { sha256_digest: "0".repeat(64) }],
  ["a file name of another version", { version: "2.0.0" }],
  ["a file name of another project", { name: "other" }],
  ["another MD5", { md5_digest: "0".repeat(32) }],
  ["another BLAKE2", { blake2_256_digest: "0".repeat(64) }],
  ["no digest", { sha256_digest: "" }],
  ["a wheel without a Python version", { pyversion: "" }],
  ["a source distribution of a Python version", { filetype: "sdist", pyversion: "py3" }],
  ["an unknown metadata version", { metadata_version: "UNKNOWN" }],
  ["an unknown file type", { filetype: "bdist_egg" }],
  ["no file", { content: "text" }],
  ["another action", { ":action": "submit" }],
];
test.each(malformed)("the sandbox refuses twine's upload with %s", async (_, change) => {
  expect((await upload(change)).status).toBe(400);
});

test("the listing of all Python projects is not found, as in CodeArtifact", async () => {
  expect((await visitor.get("/pypi/my-repo/simple/")).status).toBe(404);
});
