/** Speaks to a software key below the product's own client: whatever packets a test wants to send. */
import {
  BROADCAST_CHANNEL,
  CTAPHID,
  fragment,
  type Message,
  parsePacket,
  Reassembler,
} from "../../../src/fido/hid/framing.ts";
import type { HidConnection } from "../../../src/fido/hid/transport.ts";

export class RawClient {
  readonly #connection: HidConnection;
  readonly #reports: Uint8Array[] = [];
  #wake: (() => void) | undefined;

  constructor(connection: HidConnection) {
    this.#connection = connection;
    connection.onReport((report) => {
      this.#reports.push(report);
      this.#wake?.();
    });
  }

  /** Allocates a channel. */
  async allocate(): Promise<number> {
    await this.send(BROADCAST_CHANNEL, CTAPHID.INIT, new Uint8Array(8).fill(7));
    const { payload } = await this.receive(BROADCAST_CHANNEL);
    return Buffer.from(payload).readUInt32BE(8);
  }

  async send(channel: number, command: number, message: Uint8Array = new Uint8Array(0)): Promise<void> {
    for (const report of fragment(channel, command, message)) await this.sendReport(report);
  }

  sendReport(report: Uint8Array): Promise<void> {
    return this.#connection.write(report);
  }

  /** The next message on the channel that is not a keepalive. */
  async receive(channel: number): Promise<Message> {
    const reassembler = new Reassembler(channel);
    for (;;) {
      const message = reassembler.push(await this.receiveReport());
      if (message !== undefined && message.command !== CTAPHID.KEEPALIVE) return message;
    }
  }

  /** The next report, of whatever channel. */
  async receiveReport(): Promise<Uint8Array> {
    for (;;) {
      const report = this.#reports.shift();
      if (report !== undefined) return report;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Waits for a keepalive on the channel and gives its status byte. */
  async receiveKeepalive(channel: number): Promise<number> {
    for (;;) {
      const packet = parsePacket(await this.receiveReport());
      if (packet.channel !== channel || packet.kind !== "initialization") continue;
      if (packet.command === CTAPHID.KEEPALIVE) return packet.payload[0] ?? 0;
    }
  }

  /** Sends a CTAP2 message and gives its answer: status byte ‖ CBOR. */
  async exchange(channel: number, message: Uint8Array): Promise<Uint8Array> {
    await this.send(channel, CTAPHID.CBOR, message);
    return (await this.receive(channel)).payload;
  }
}
