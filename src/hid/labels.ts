/** Names that tell keys of one model apart, as far as the keys themselves do. */
import type { HidDeviceInfo } from "./transport.ts";

/** The keys with their serial numbers in the product names where several of one product have one. */
export function labels(infos: readonly HidDeviceInfo[]): HidDeviceInfo[] {
  return infos.map((info) => {
    const alike = infos.filter(({ product }) => product === info.product).length > 1;
    return alike && info.serialNumber ? { ...info, product: `${info.product} (serial ${info.serialNumber})` } : info;
  });
}
