import { expect, test } from "bun:test";
import { labels } from "../../src/hid/labels.ts";

const key = (product: string, serialNumber?: string) => ({
  path: product,
  product,
  vendorId: 1,
  productId: 2,
  ...(serialNumber === undefined ? {} : { serialNumber }),
});

test.each([
  ["one of a product keeps its name", [key("A", "1"), key("B", "2")], ["A", "B"]],
  [
    "several show their serial numbers",
    [key("A", "1"), key("A", "2"), key("B", "3")],
    ["A (serial 1)", "A (serial 2)", "B"],
  ],
  ["those without one stay as they are", [key("A"), key("A", "2")], ["A", "A (serial 2)"]],
])("%s", (_, keys, products) => {
  expect(labels(keys).map(({ product }) => product)).toEqual(products);
});
