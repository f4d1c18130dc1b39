/** What a HID transport gives: security keys to list and open, bare reports to and from an open one. */

/** Every CTAPHID report of a USB key, without a report id (CTAP 2.1 section 11.2.4, full-speed devices). */
export const reportBytes = 64;

export interface HidDeviceInfo {
  /** The system's name of the device, for opening it. */
  path: string;
  /** The name for people: the product name, or the model once the key has told it. */
  product: string;
  /** The product name of the USB descriptor, where `product` is another name. */
  usbProduct?: string;
  serialNumber?: string;
  vendorId: number;
  productId: number;
}

export interface HidConnection {
  /** Sends one report of {@link reportBytes} bytes. */
  write(report: Uint8Array): Promise<void>;
  /** Names the one receiver of the reports that arrive; those of other programs' channels are among them. */
  onReport(receive: (report: Uint8Array) => void): void;
  /** Names the one receiver of the error after which nothing more arrives: a VouchError. */
  onError(receive: (error: Error) => void): void;
  close(): Promise<void>;
}

export interface HidTransport {
  /** The FIDO devices (usage page 0xF1D0) that are plugged in. */
  list(): Promise<HidDeviceInfo[]>;
  /** Opens one of them; rejects with a VouchError `security_key_…`. */
  open(info: HidDeviceInfo): Promise<HidConnection>;
}
