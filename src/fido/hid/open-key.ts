/** Opens a key for use: allocates a channel, calls getInfo, and sets the display name from the response. */
import { type AuthenticatorInfo, getInfo } from "../ctap2/get-info.ts";
import type { CtapDevice } from "../ctap2/device.ts";
import { understood } from "../ctap2/understood.ts";
import { openChannel, type OpenChannelOptions } from "./channel.ts";
import { modelLabel } from "./labels.ts";
import type { HidDeviceInfo, HidTransport } from "./transport.ts";

export interface OpenKeyOptions extends OpenChannelOptions {
  /** Looks up a model name by AAGUID (a UUID in lower case); undefined if unknown. */
  modelOf?: ((aaguid: string) => string | undefined) | undefined;
  /** Product name in the USB descriptor, without the suffix that makes it unique. */
  product: string;
  /** Names of the other keys, from which this key's name must differ. */
  otherNames?: () => readonly string[];
}

/**
 * Opens the key and sets its display name, in `info` and in its errors, to the model if known. Throws the errors of
 * `openChannel`, and `security_key_unsupported` for a malformed response to getInfo.
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
