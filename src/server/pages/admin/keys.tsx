/** The server's own keys with their ages, and which security keys it takes. */
import * as v from "valibot";
import { printable } from "../../../base/words/printable.ts";
import { goodUntil, type Metadata } from "../../policy/metadata.ts";
import { rulesText } from "../../policy/words.ts";
import { type KeyState, statusesAt } from "../../signing/life-cycle.ts";
import { describeLevel, levelOfKey } from "../../signing/protection.ts";
import { Fragment, h } from "../view/jsx.ts";
import { Commands, Section, Table, Time } from "../view/parts.tsx";
import { adminPage } from "./admin-page.tsx";
import { count } from "./chart.tsx";

const day = 24 * 3600;

const stateWords: Readonly<Record<KeyState, { state: string; until: string }>> = {
  published: { state: "published", until: "signs from" },
  signing: { state: "signing", until: "until" },
  retired: { state: "retired", until: "published until" },
  gone: { state: "gone", until: "since" },
};

/** GET /admin/keys */
export const keysPage = adminPage("/admin/keys", v.object({}), async (_query, { store, now, relyingParty }) => {
  const time = now();
  const keys = statusesAt(await store.signingKeys.all(), time);
  const { rules, metadata } = relyingParty.policy;
  return {
    title: "Keys of the server",
    lead: "What signs the tokens that AWS takes, and which security keys may be enrolled.",
    children: (
      <Fragment>
        <Section
          id="signing-keys"
          title="Signing keys"
          about={<Commands text="They are changed on the server's machine: `vouch server signing-keys rotate`." />}
        >
          <Table
            label="Signing keys"
            rows={keys}
            columns={[
              {
                title: "Key",
                isHeader: true,
                cell: ({ key }) => (
                  <span>
                    {printable(key.kid)}
                    <span class="sub">{describeLevel(levelOfKey(key))}</span>
                  </span>
                ),
              },
              {
                title: "State",
                cell: ({ state, until }) => (
                  <span>
                    <span class={state === "signing" ? "badge" : undefined}>{stateWords[state].state}</span>
                    {until === undefined ? null : (
                      <span class="sub">
                        {stateWords[state].until} <Time at={until} />
                      </span>
                    )}
                  </span>
                ),
              },
              { title: "Age", cell: ({ key }) => ageOf(time - key.publishedAt) },
              { title: "Made", cell: ({ key }) => <Time at={key.publishedAt} /> },
            ]}
          />
          {keys.some(({ key, state }) => state !== "gone" && levelOfKey(key) === "clear") ? (
            <p class="hint">
              <Commands text="A copy of the database gives away a key in clear text. `vouch server signing-keys encrypt --help` says how to encrypt it, and in which order." />
            </p>
          ) : null}
        </Section>
        <Section
          id="policy"
          title="Which security keys"
          about={
            <Commands text="The server's settings say it; `vouch server attestation check` shows whom a stricter policy would lock out." />
          }
        >
          <dl class="facts">
            <dt>Policy</dt>
            <dd>{rulesText(rules)}</dd>
            <dt>Only models</dt>
            <dd>{list(rules.allow, "no list: every model")}</dd>
            <dt>Never models</dt>
            <dd>{list(rules.deny, "no list: none is refused")}</dd>
            <dt>FIDO metadata</dt>
            <dd>{metadata === undefined ? "none" : <MetadataFacts metadata={metadata} now={time} />}</dd>
          </dl>
        </Section>
      </Fragment>
    ),
  };
});

function ageOf(seconds: number): string {
  const days = Math.floor(Math.max(0, seconds) / day);
  if (days === 0) return "less than a day";
  return days === 1 ? "1 day" : `${days} days`;
}

function list(aaguids: ReadonlySet<string>, none: string): string {
  return aaguids.size === 0 ? none : [...aaguids].map(printable).join(", ");
}

function MetadataFacts({ metadata, now }: { metadata: Metadata; now: number }) {
  const { number, nextUpdate, readAt, source, models } = metadata;
  return (
    <span>
      number {number} with {count(models.length)} models{" "}
      {now >= goodUntil(metadata) ? <span class="badge warning">outdated</span> : null}
      <span class="sub">
        the next was due by {nextUpdate}; read <Time at={readAt} /> from {printable(source)}
      </span>
    </span>
  );
}
