/** All targets. */
import type { Target } from "./target.ts";
import { agentAnswer } from "./targets/agent.ts";
import { ceremonyPackets } from "./targets/ceremony-packets.ts";
import { ceremony } from "./targets/ceremony.ts";
import { cbor, commands } from "./targets/ctap2.ts";
import { channel, reassembler } from "./targets/hid.ts";
import { cargoRequest, keyringArguments, registryUrl } from "./targets/package-managers.ts";
import { base64url, coseKey, data, options } from "./targets/webauthn.ts";

export const targets: readonly Target[] = [
  reassembler,
  channel,
  cbor,
  commands,
  data,
  coseKey,
  ceremony,
  ceremonyPackets,
  options,
  base64url,
  agentAnswer,
  registryUrl,
  cargoRequest,
  keyringArguments,
];
