/** Unique display names of security keys. */
import type { HidDeviceInfo } from "./transport.ts";

/**
 * Makes the product names unique: appends the serial number, or the device path if there is none or several keys share
 * it.
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
 * The display name of a key of a known model: the model, with the suffix that `labels` added. `info` is from `labels`,
 * `product` the product name in the USB descriptor, `others` the names of the other keys.
 */
export function modelLabel(info: HidDeviceInfo, product: string, model: string, others: readonly string[]): string {
  const label = model + info.product.slice(product.length);
  return others.includes(label) ? `${model} (${info.product})` : label;
}
