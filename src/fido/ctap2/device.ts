/** The security key as CTAP2 sees it: something that answers messages. The transport is plugged in from outside. */

/** What the key says while it works (CTAPHID_KEEPALIVE): processing, or waiting for a touch. */
export type KeepaliveStatus = "processing" | "user_presence_needed";

export interface ExchangeOptions {
  /** Aborting it cancels the command on the key (CTAPHID_CANCEL); the exchange then rejects with `cancelled`. */
  signal?: AbortSignal;
  /** The limit on the whole exchange in milliseconds; then the command is cancelled on the key and `touch_timeout` (it waited for a touch) or `security_key_error` is thrown. */
  timeoutMs?: number;
  onKeepalive?: (status: KeepaliveStatus) => void;
  /** The command changes nothing on the key: it is sent a second time when its answer cannot be read. */
  repeatable?: boolean;
}

export interface CtapDevice {
  /** The key's name for people: its model, or what its USB descriptor says. */
  readonly product: string;
  /** What its USB descriptor calls it, where that is another name. */
  readonly usbProduct?: string | undefined;
  /** Sends one message (command byte ‖ CBOR) and resolves with the answer (status byte ‖ CBOR). */
  exchange(message: Uint8Array, options?: ExchangeOptions): Promise<Uint8Array>;
  close(): Promise<void>;
}
