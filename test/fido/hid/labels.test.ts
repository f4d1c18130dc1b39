import { expect, test } from "bun:test";
import type { HidDeviceInfo } from "../../../src/fido/hid/transport.ts";
import { labels, modelLabel } from "../../../src/fido/hid/labels.ts";

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
  ["one without a serial number shows its device", [key("A"), key("A", "2")], ["A (/dev/1)", "A (serial 2)"]],
  ["equal serial numbers tell nothing", [key("A", "0"), key("A", "0")], ["A (/dev/1)", "A (/dev/2)"]],
])("keys are told apart by their labels: %s", (_, keys, products) => {
  expect(
    labels(keys.map((one, index) => ({ ...one, path: `/dev/${index + 1}` }))).map(({ product }) => product),
  ).toEqual(products);
});

test.each<[string, HidDeviceInfo, readonly string[], string]>([
  ["in place of the product name", key("A"), [], "Model"],
  [
    "with what tells the key from others of its product",
    { ...key("A"), product: "A (serial 1)" },
    [],
    "Model (serial 1)",
  ],
  ["with the product name where another product is of this model", key("A"), ["Model"], "Model (A)"],
])("a key is named by its model, %s", (_, info, others, name) => {
  expect(modelLabel(info, "A", "Model", others)).toBe(name);
});
