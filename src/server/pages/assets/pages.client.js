/**
 * The script of the pages. It reaches the security key (WebAuthn Level 3), sends what the key has answered with the form,
 * shows times in the reader's own zone, and copies commands. Everything that can be read works without it.
 */

const toBytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

/** Sends fields of a form and returns the JSON of the answer. Throws an Error with the server's own words. */
async function ask(path, fields) {
  const answer = await fetch(path, { method: "POST", body: new URLSearchParams(fields), redirect: "error" });
  const json = await answer.json();
  if (answer.ok) return json;
  throw new Error([json.error.message, json.error.hint].filter(Boolean).join(" "));
}

const withIds = (list) => list?.map((each) => ({ ...each, id: toBytes(each.id) }));

const answered = (credential, response) =>
  JSON.stringify({
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    ...(credential.authenticatorAttachment && { authenticatorAttachment: credential.authenticatorAttachment }),
    clientExtensionResults: {},
    response,
  });

/** Asks a known key for an assertion; returns AuthenticationResponseJSON as text. */
async function assertion(options) {
  const publicKey = {
    ...options,
    challenge: toBytes(options.challenge),
    allowCredentials: withIds(options.allowCredentials),
  };
  const credential = await navigator.credentials.get({ publicKey });
  const { clientDataJSON, authenticatorData, signature, userHandle } = credential.response;
  return answered(credential, {
    clientDataJSON: toText(clientDataJSON),
    authenticatorData: toText(authenticatorData),
    signature: toText(signature),
    ...(userHandle?.byteLength > 0 && { userHandle: toText(userHandle) }),
  });
}

/** Makes a credential on a new key; returns RegistrationResponseJSON as text. */
async function registration(options) {
  const publicKey = {
    ...options,
    challenge: toBytes(options.challenge),
    user: { ...options.user, id: toBytes(options.user.id) },
    excludeCredentials: withIds(options.excludeCredentials),
  };
  const credential = await navigator.credentials.create({ publicKey });
  const { clientDataJSON, attestationObject } = credential.response;
  return answered(credential, {
    clientDataJSON: toText(clientDataJSON),
    attestationObject: toText(attestationObject),
    transports: credential.response.getTransports?.() ?? [],
  });
}

/** What each kind of form does before it is sent: returns the fields that it adds. */
const before = {
  async signIn(_form, _fields, say) {
    const { ceremony, options } = await ask("/sign-in/options", {});
    say("Touch your security key.");
    return { ceremony, credential: await assertion(options) };
  },
  async code(_form, fields, say) {
    const { ceremony, options } = await ask("/sign-in/code/options", fields);
    say("Touch your key to log in to exactly this terminal.");
    return { ceremony, credential: await assertion(options) };
  },
  async touch(form, fields, say) {
    const { ceremony, options } = await ask("/touch", { ...fields, action: new URL(form.action).pathname });
    say("Touch one of your security keys to allow exactly this.");
    return { ceremony, approval: await assertion(options) };
  },
  async registration(_form, fields, say) {
    const { ceremony, options } = await ask("/keys/add/options", fields);
    say("1 of 2: plug in the NEW key, and touch it, or choose it where the browser asks.");
    const credential = await registration(options);
    const approval = await ask("/keys/add/approval", { ...fields, ceremony, credential });
    say("2 of 2: now touch a key that you have ALREADY, to allow exactly this new one.");
    return { ceremony, credential, approval: await assertion(approval.options) };
  },
};

/** The browser's errors tell nothing of what happened, on purpose (WebAuthn Level 3, 14.5). */
const wordsOf = (error) =>
  ({
    NotAllowedError: "The security key was not touched, or the browser was told to cancel. Try again.",
    InvalidStateError: "This security key is enrolled already: use another one.",
    NotSupportedError: "This security key cannot be used here.",
    SecurityError: "The browser allows no security key on this page.",
  })[error.name] ?? error.message;

async function send(form, kind) {
  const status = form.querySelector("[data-status]");
  const say = (text, isError = false) => {
    status.textContent = text;
    status.classList.toggle("error", isError);
  };
  const buttons = [...form.querySelectorAll("button")];
  for (const button of buttons) button.disabled = true;
  form.setAttribute("aria-busy", "true");
  say("");
  try {
    const fields = Object.fromEntries(new FormData(form));
    for (const [name, value] of Object.entries(await before[kind](form, fields, say))) {
      const input = Object.assign(document.createElement("input"), { type: "hidden", name, value });
      form.append(input);
    }
    form.submit();
  } catch (error) {
    say(wordsOf(error), true);
    for (const button of buttons) button.disabled = false;
    form.removeAttribute("aria-busy");
  }
}

for (const form of document.querySelectorAll("form[data-after], form[data-sign-in]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void send(form, "signIn" in form.dataset ? "signIn" : form.dataset.after);
  });
}

for (const link of document.querySelectorAll("a[data-follow]")) location.replace(link.href);

// On a narrow screen the menu is one line, which scrolls.
document.querySelector("nav.parts [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

for (const element of document.querySelectorAll("[data-script]")) element.hidden = false;

const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
for (const time of document.querySelectorAll("time")) {
  time.title = time.textContent;
  time.textContent = format.format(new Date(time.dateTime));
}

async function copy(button) {
  await navigator.clipboard.writeText(button.dataset.copy);
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = "Copy"), 2000);
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", () => void copy(button));
}
