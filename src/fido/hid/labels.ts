/** Names that tell keys apart. */
import type { HidDeviceInfo } from "./transport.ts";

/**
 * The keys with what tells those of one product apart in their names: the serial number, or the system's name of the
 * device where they have none or the same one.
 */
export function labels(infos: readonly HidDeviceInfo[]): HidDeviceInfo[] {
  return infos.map((info) => {
    const alike = infos.filter(({ product }) => product === info.product);
    if (alike.length === 1) return info;
    const { serialNumber, path } = info;
    const isTold = serialNumber && alike.filter((one) => one.serialNumber === serialNumber).length === 1;
    return { ...info, product: `${info.product} (${isTold ? `serial ${serialNumber}` : path})` };
  });
}

/**
 * The name of a key whose model is known: the model, with what the label added to the product name.
 * @param info from {@link labels}
 * @param product the bare product name of the key's USB descriptor
 * @param others the names of the other keys
 */
export function modelLabel(info: HidDeviceInfo, product: string, model: string, others: readonly string[]): string {
  const label = model + info.product.slice(product.length);
  return others.includes(label) ? `${model} (${info.product})` : label;
}
