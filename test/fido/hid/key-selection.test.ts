/** Keys that come, go and refuse while one of them is chosen. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { VouchError } from "../../../src/base/errors.ts";
import { openSecurityKey, type OpenSecurityKeyOptions } from "../../../src/fido/hid/keys.ts";
import type { HidConnection, HidDeviceInfo, HidTransport } from "../../../src/fido/hid/transport.ts";
import type { Settings } from "../../authenticator/settings.ts";
import { plugIn, type PluggedIn } from "../../authenticator/plugged-in.ts";
import { transport } from "../../authenticator/transport.ts";
import { inFastTime } from "./fast-time.ts";
import { rejection } from "../../rejection.ts";

/** A desk from which keys can be taken and to which they can be added while it is looked at. */
class Table implements HidTransport {
  readonly infos: HidDeviceInfo[];
  /** How a key refuses to be opened. */
  readonly refusals = new Map<string, () => VouchError | undefined>();
  readonly said: string[] = [];
  readonly #changes: (() => void)[] = [];

  constructor(...keys: PluggedIn[]) {
    this.infos = keys.map(({ info }) => info);
  }

  list = (): Promise<HidDeviceInfo[]> => Promise.resolve([...this.infos]);

  open = (info: HidDeviceInfo): Promise<HidConnection> => {
    const refusal = this.refusals.get(info.path)?.();
    return refusal === undefined ? transport.open(info) : Promise.reject(refusal);
  };

  refuse({ info }: PluggedIn, code: VouchError["code"], times = Number.POSITIVE_INFINITY): void {
    let left = times;
    this.refusals.set(info.path, () => (left-- > 0 ? new VouchError(code, `${info.product} refuses.`) : undefined));
  }

  plug({ info }: PluggedIn): void {
    this.infos.push(info);
  }

  pull(key: PluggedIn): void {
    this.infos.splice(this.infos.indexOf(key.info), 1);
    key.key.powerCycle();
  }

  choose(options: OpenSecurityKeyOptions = {}) {
    const say = (line: string) => {
      this.said.push(line);
      for (const change of this.#changes.splice(0)) change();
    };
    return openSecurityKey({
      transport: this,
      onWaiting: () => say("waiting"),
      onSelect: (products) => say(`touch ${products.join(", ")}`),
      onLeftOut: ({ message }) => say(`left out: ${message}`),
      onBusy: (product) => say(`busy: ${product}`),
      onSilent: (product) => say(`silent: ${product}`),
      ...options,
    });
  }

  async hears(line: string): Promise<void> {
    while (!this.said.includes(line)) await new Promise<void>((resolve) => this.#changes.push(resolve));
  }
}

const isBlinking = ({ key }: PluggedIn) => key.ctap2.touch.isAwaited;

async function touch(plugged: PluggedIn): Promise<void> {
  while (!isBlinking(plugged)) await Bun.sleep(5);
  plugged.key.ctap2.touch.press();
}

const withheld = (product: string) => plugIn({ product, touch: "withheld" });

describe("of several keys", () => {
  test("one that is plugged in meanwhile joins", async () => {
    await using first = await withheld("First");
    await using second = await withheld("Second");
    await using third = await withheld("Third");
    const table = new Table(first, second);
    const choosing = table.choose();
    await table.hears("touch First, Second");
    table.plug(third);
    await table.hears("touch First, Second, Third");
    await touch(third);
    const device = await choosing;
    expect(device.product).toBe("Third");
    expect([first, second].filter(isBlinking)).toEqual([]);
    await device.close();
  });

  test("one that is pulled out and plugged in again blinks again", async () => {
    await using first = await withheld("First");
    await using second = await withheld("Second");
    const table = new Table(first, second);
    const choosing = table.choose();
    await table.hears("touch First, Second");
    table.pull(second);
    table.plug(second);
    await touch(second);
    const device = await choosing;
    expect(device.product).toBe("Second");
    expect(isBlinking(first)).toBe(false);
    await device.close();
  });

  test("all may be pulled out: the next one that is plugged in is used", async () => {
    await using first = await withheld("First");
    await using second = await withheld("Second");
    const table = new Table(first, second);
    const choosing = table.choose();
    await table.hears("touch First, Second");
    table.pull(first);
    table.pull(second);
    await table.hears("waiting");
    table.plug(second);
    const device = await choosing;
    expect(device.product).toBe("Second");
    await device.close();
  });

  test.each(["security_key_permission", "security_key_error"] as const)(
    "one that cannot be opened (%s) is left out, and the other is used",
    async (code) => {
      await using first = await withheld("First");
      await using second = await withheld("Second");
      const table = new Table(first, second);
      table.refuse(first, code);
      const device = await table.choose();
      expect(device.product).toBe("Second");
      expect(table.said).toEqual(["left out: First refuses."]);
      await device.close();
    },
  );

  test("one that is busy joins when it is free", async () => {
    await using first = await withheld("First");
    await using second = await withheld("Second");
    await using third = await withheld("Third");
    const table = new Table(first, second, third);
    table.refuse(first, "security_key_busy", 2);
    const choosing = table.choose();
    await touch(first);
    const device = await choosing;
    expect(device.product).toBe("First");
    expect([table.said[0], table.said.at(-1)]).toEqual(["busy: First", "touch First, Second, Third"]);
    await device.close();
  });

  test.each<[string, Partial<Settings>, string]>([
    ["never answers", { fault: { in: "INIT", fault: "mute" } }, "First did not answer in time."],
    ["gives a channel and then no answer", { fault: { in: "CBOR", fault: "mute" } }, "First did not answer in time."],
    ["serves another program", { fault: { in: "INIT", fault: 0x06 } }, "First is busy with another program."],
  ])("one that %s is named, and the only other one is used without a choice", async (_, settings, message) => {
    await using first = await plugIn({ product: "First", ...settings });
    await using second = await withheld("Second");
    const table = new Table(first, second);
    const device = await inFastTime(() => table.choose());
    expect(device.product).toBe("Second");
    expect(table.said.filter((line) => !line.startsWith("busy"))).toEqual([`left out: ${message}`]);
    expect(isBlinking(second)).toBe(false);
    await device.close();
  });

  test("one that never answers does not hold up the choice among the others", async () => {
    await using first = await plugIn({ product: "First", fault: { in: "INIT", fault: "mute" } });
    await using second = await withheld("Second");
    await using third = await withheld("Third");
    const table = new Table(first, second, third);
    const device = await inFastTime(async () => {
      const choosing = table.choose();
      await touch(third);
      return choosing;
    });
    expect(device.product).toBe("Third");
    expect(table.said).toContain("touch Second, Third");
    await device.close();
  });

  test("one that answers nonsense is left out", async () => {
    await using first = await plugIn({ product: "First", touch: "withheld" });
    await using second = await withheld("Second");
    const table = new Table(first, second);
    const choosing = table.choose();
    while (!isBlinking(first)) await Bun.sleep(5);
    first.key.settings.fault = { in: "CBOR", fault: "length of nothing" };
    first.key.ctap2.touch.press();
    await touch(second);
    const device = await choosing;
    expect(device.product).toBe("Second");
    await device.close();
  });

  test("a key of CTAP 2.1 that does not know authenticatorSelection is asked as an older one", async () => {
    await using first = await plugIn({ product: "First", touch: "withheld" });
    await using second = await plugIn({ product: "Second", touch: "withheld", selection: false });
    const table = new Table(first, second);
    const choosing = table.choose();
    await touch(second);
    const device = await choosing;
    expect(device.product).toBe("Second");
    await device.close();
  });
});

describe("the only key", () => {
  test("is waited for again when it is pulled out while it is opened", async () => {
    await using plugged = await plugIn({ fault: { in: "INIT", fault: "mute" } });
    const table = new Table(plugged);
    const choosing = table.choose();
    while (plugged.key.initializations === 0) await Bun.sleep(5);
    table.pull(plugged);
    await table.hears("waiting");
    plugged.key.settings.fault = undefined;
    table.plug(plugged);
    await (await choosing).close();
  });

  test("that is listed but has no device (a container) is an error soon", async () => {
    await using plugged = await plugIn();
    const table = new Table(plugged);
    table.refuse(plugged, "security_key_removed");
    expect(await inFastTime(() => rejection(table.choose()))).toMatchObject({ code: "security_key_removed" });
  });

  test("that stays busy is an error at the end of the time", async () => {
    await using plugged = await plugIn({ fault: { in: "INIT", fault: 0x06 } });
    const table = new Table(plugged);
    const error = await inFastTime(() => rejection(table.choose({ timeoutMs: 500 })));
    expect(error).toMatchObject({ code: "security_key_busy" });
    expect(table.said).toEqual(["busy: Software Security Key"]);
  });

  test("that the system does not come to open is an error soon after the end of the time", async () => {
    await using plugged = await plugIn();
    const table = new Table(plugged);
    table.open = () => new Promise(() => {});
    const error = await inFastTime(() => rejection(openSecurityKey({ transport: table, timeoutMs: 50 })));
    expect(error).toMatchObject({ code: "security_key_error" });
  });

  test("that says nothing once it is open is given less time where there is less", async () => {
    await using hurried = await plugIn();
    await using machine = await plugIn();
    const ends = await Promise.all([
      new Table(hurried).choose({ timeoutMs: 2_000 }),
      new Table(machine).choose({ timeoutMs: 60_000 }),
    ]);
    for (const { key } of [hurried, machine]) key.settings.fault = { in: "CBOR", fault: "mute" };
    const [first, second] = await inFastTime(() =>
      Promise.all(
        ends.map(async (device) => {
          const begin = performance.now();
          const { message } = await rejection(device.exchange(Uint8Array.of(0x04)));
          return { message, seconds: (performance.now() - begin) / 1000 };
        }),
      ),
    );
    for (const { message } of [first!, second!]) expect(message).toContain("in time");
    // Each and the time that a key gets to end the command.
    expect(first!.seconds).toBeWithin(2, 5);
    expect(second!.seconds).toBeWithin(10, 13);
  });

  test("that drops INIT while another program waits for a touch is asked until it answers, and that is said", async () => {
    await using plugged = await plugIn({ touch: "withheld", silentWhileTouchIsAwaited: true });
    const table = new Table(plugged);
    await inFastTime(async () => {
      const otherProgram = (await plugged.open()).exchange(Uint8Array.of(0x0b));
      while (!isBlinking(plugged)) await Bun.sleep(5);
      const choosing = table.choose({ timeoutMs: 3_600_000 });
      while (plugged.key.initializations < 4) await Bun.sleep(20);
      plugged.key.ctap2.touch.press();
      await (await choosing).close();
      expect(await otherProgram).toEqual(Uint8Array.of(0));
    });
    expect(table.said).toEqual(["silent: Software Security Key"]);
  });

  test("that is busy is used when it is free", async () => {
    await using plugged = await plugIn({ fault: { in: "INIT", fault: 0x06 } });
    const table = new Table(plugged);
    const choosing = table.choose();
    await table.hears("busy: Software Security Key");
    plugged.key.settings.fault = undefined;
    await (await choosing).close();
  });

  test("that refuses from the beginning is an error at once", async () => {
    await using plugged = await plugIn();
    const table = new Table(plugged);
    table.refuse(plugged, "security_key_permission");
    expect(await rejection(table.choose())).toMatchObject({ code: "security_key_permission" });
    expect(table.said).toEqual([]);
  });
});

test("when no key can be used, it is one that could have been that is told of", async () => {
  await using old = await plugIn({ product: "Old", ctap: "u2f" });
  await using closed = await plugIn({ product: "Closed" });
  const table = new Table(old, closed);
  table.refuse(closed, "security_key_permission");
  expect(await rejection(table.choose())).toMatchObject({ message: "Closed refuses." });
});

test("whatever happens on the desk, it ends with one key open and no key blinking", async () => {
  const action = fc.record({
    what: fc.constantFrom("plug", "pull", "touch", "busy", "mute", "mend"),
    key: fc.nat({ max: 2 }),
    turns: fc.nat({ max: 30 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 12 }), async (actions) => {
      await using first = await withheld("First");
      await using second = await withheld("Second");
      await using third = await withheld("Third");
      const keys = [first, second, third] as const;
      const table = new Table(first, second);
      const choosing = table.choose();
      let isChosen = false;
      void choosing.then(() => (isChosen = true));
      for (const { what, key, turns } of actions) {
        const plugged = keys[key]!;
        const { settings, ctap2 } = plugged.key;
        const isThere = table.infos.includes(plugged.info);
        if (what === "plug" && !isThere) table.plug(plugged);
        else if (what === "pull" && isThere && !isChosen) table.pull(plugged);
        else if (what === "touch") ctap2.touch.press();
        else if (what === "busy") settings.fault = { in: "INIT", fault: 0x06 };
        else if (what === "mute") settings.fault = { in: "INIT", fault: "mute" };
        else if (what === "mend") settings.fault = undefined;
        for (let turn = 0; turn < turns; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
      }
      // From here on everything is as it should be, and the person touches what blinks.
      for (const plugged of keys) {
        Object.assign(plugged.key.settings, { fault: undefined, touch: "auto" });
        if (!isChosen && !table.infos.includes(plugged.info)) table.plug(plugged);
        plugged.key.ctap2.touch.press();
      }
      const device = await choosing;
      expect(keys.map(({ info }) => info.product)).toContain(device.product);
      expect(keys.filter(isBlinking)).toEqual([]);
      await device.close();
      while (keys.some(({ key }) => key.clients > 0)) await Bun.sleep(5);
    }),
    { numRuns: 15 },
  );
});
