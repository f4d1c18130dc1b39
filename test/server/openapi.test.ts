/** docs/openapi.yaml names the routes that are served, and no others. What they answer is checked in every test. */
import { expect, test } from "bun:test";
import { routes } from "../../src/server/routes.ts";
import { openapi } from "./openapi.ts";

test("every route is documented, and every documented operation is served", () => {
  const served = routes.map(({ method, path }) => `${method} ${path}`);
  const documented = Object.entries(openapi.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(documented.toSorted()).toEqual(served.toSorted());
});

test("every reference leads somewhere", () => {
  const references = JSON.stringify(openapi).matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g);
  const components = (openapi as unknown as { components: Record<string, Record<string, unknown>> }).components;
  const used = [...references].map(([, kind = "", name = ""]) => `${kind}/${name}`);
  // A security requirement names its scheme without a reference.
  for (const [, name = ""] of JSON.stringify(openapi).matchAll(/"security":\[\{"(\w+)":/g))
    used.push(`securitySchemes/${name}`);
  const defined = Object.entries(components).flatMap(([kind, all]) =>
    Object.keys(all).map((name) => `${kind}/${name}`),
  );
  expect([...new Set(used)].toSorted()).toEqual(defined.toSorted());
});
