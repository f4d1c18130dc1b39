/** The interface of a security key at the CTAP2 layer, independent of the transport. */

/** Status of a CTAPHID_KEEPALIVE: processing, or waiting for a touch. */
export type KeepaliveStatus = "processing" | "user_presence_needed";

export interface ExchangeOptions {
  /** Aborting sends CTAPHID_CANCEL to the key; the exchange then rejects with `cancelled`. */
  signal?: AbortSignal;
  /**
   * Timeout of the whole exchange in milliseconds. When it expires, the command is cancelled on the key and the
   * exchange rejects with `touch_timeout` (if the key waited for a touch) or `security_key_error`.
   */
  timeoutMs?: number;
  onKeepalive?: (status: KeepaliveStatus) => void;
  /** The command changes nothing on the key, so it is retried once after an unreadable response. */
  repeatable?: boolean;
}

export interface CtapDevice {
  /** Display name: the model, or else the product name in the USB descriptor. */
  readonly product: string;
  /** Product name in the USB descriptor, if different from `product`. */
  readonly usbProduct?: string | undefined;
  /** The system's path of the device; undefined where there is none. */
  readonly path?: string | undefined;
  /** Sends one message (command byte ‖ CBOR) and resolves with the response (status byte ‖ CBOR). */
  exchange(message: Uint8Array, options?: ExchangeOptions): Promise<Uint8Array>;
  close(): Promise<void>;
}
