/** The interface of a HID transport: lists and opens security keys, sends and receives raw reports. */

/** Size of a CTAPHID report of a USB key, without report id (CTAP 2.1 section 11.2.4, full-speed devices). */
export const reportBytes = 64;

export interface HidDeviceInfo {
  /** The system's path of the device, for opening it. */
  path: string;
  /** Display name: the product name, or the model once it is known. */
  product: string;
  /** Product name in the USB descriptor, if different from `product`. */
  usbProduct?: string;
  serialNumber?: string;
  vendorId: number;
  productId: number;
}

export interface HidConnection {
  /** Sends one report of {@link reportBytes} bytes. */
  write(report: Uint8Array): Promise<void>;
  /** Sets the receiver of incoming reports, including those of other programs' channels. */
  onReport(receive: (report: Uint8Array) => void): void;
  /** Sets the receiver of the error (a VouchError) after which no more reports arrive. */
  onError(receive: (error: Error) => void): void;
  close(): Promise<void>;
}

export interface HidTransport {
  /** Lists the plugged-in FIDO devices (usage page 0xF1D0). */
  list(): Promise<HidDeviceInfo[]>;
  /** Opens one of them. Throws `security_key_…`. */
  open(info: HidDeviceInfo): Promise<HidConnection>;
}
