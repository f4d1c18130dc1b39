/** Opening a key so far that it can be used: a channel, and an answer to getInfo, by which it gets its name. */
import { type AuthenticatorInfo, getInfo } from "../ctap2/get-info.ts";
import type { CtapDevice } from "../ctap2/device.ts";
import { understood } from "../ctap2/understood.ts";
import { openChannel, type OpenChannelOptions } from "./channel.ts";
import { modelLabel } from "./labels.ts";
import type { HidDeviceInfo, HidTransport } from "./transport.ts";

export interface OpenKeyOptions extends OpenChannelOptions {
  /** The name of a model by its AAGUID (a UUID in lower case); undefined for one that is not known. */
  modelOf?: ((aaguid: string) => string | undefined) | undefined;
  /** The product name of the key's USB descriptor, without what was added to tell keys apart. */
  product: string;
  /** The names of the other keys, from which that of this one must differ. */
  otherNames?: () => readonly string[];
}

/**
 * Opens the key and names it in `info` and in its errors by its model, where that is known.
 * @throws VouchError as `openChannel`; `security_key_unsupported` for an answer to getInfo that cannot be read
 */
export async function openKey(
  transport: HidTransport,
  info: HidDeviceInfo,
  options: OpenKeyOptions,
): Promise<{ device: CtapDevice; answer: AuthenticatorInfo }> {
  const { signal, modelOf, product, otherNames } = options;
  info.usbProduct = product;
  const device = await openChannel(await transport.open(info), info, options);
  try {
    const answer = await understood(device, () => getInfo(device, signal === undefined ? {} : { signal }));
    const model = modelOf?.(uuid(answer.aaguid));
    if (model !== undefined) info.product = modelLabel(info, product, model, otherNames?.() ?? []);
    return { device, answer };
  } catch (error) {
    await device.close();
    throw error;
  }
}

function uuid(bytes: Uint8Array): string {
  return bytes.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/u, "$1-$2-$3-$4-$5");
}
