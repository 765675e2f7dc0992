// The set-up form: checks what can be checked here, sends the rest to POST /api/setup, and says what came of it.
// Text only ever goes into the page as text, so the page stands under Trusted Types.

const byId = (id) => document.getElementById(id);
const form = byId("form");
const send = byId("send");
const summary = byId("summary");
const labels = {
  code: "One-time code",
  username: "Username",
  email: "E-mail",
  password: "Password",
  repeat: "Password again",
};
const passwordMin = Number(form.dataset.passwordMin) || 15;
const pageTitle = document.title;
let sending = false;

/** Takes the code out of the address (`#code` or `#code=…`), so that it stays neither visible nor in a bookmark. */
function takeCodeFromAddress() {
  const fragment = location.hash.slice(1).replace(/^code=/, "");
  if (fragment === "") return;
  let code = fragment;
  try {
    code = decodeURIComponent(fragment);
  } catch {
    // Not an encoded text: taken as it stands, the server judges it.
  }
  byId("code").value = code;
  history.replaceState(null, "", location.pathname);
}

/** What is wrong before anything is sent: `[field, sentence]` pairs. */
function faultsHere(values) {
  const faults = [];
  if (values.code === "") faults.push(["code", "Enter the one-time code."]);
  if (values.username === "") faults.push(["username", "Enter a username."]);
  // The server counts characters, not UTF-16 units.
  const length = [...values.password].length;
  if (length < passwordMin) {
    const has = length === 0 ? "" : ` This one has ${length}.`;
    faults.push(["password", `Use at least ${passwordMin} characters.${has}`]);
  } else if (byId("repeat").value !== values.password) {
    faults.push(["repeat", "The two passwords differ. Enter the same one twice."]);
  }
  return faults;
}

function clearFaults() {
  summary.hidden = true;
  document.title = pageTitle;
  for (const field of Object.keys(labels)) {
    byId(field).removeAttribute("aria-invalid");
    byId(`${field}-error`).hidden = true;
    byId(`${field}-error`).textContent = "";
  }
}

/** Shows `text` and the faults, each at its field too, and brings the reader there. */
function showFaults(faults, text) {
  const items = faults.map(([field, sentence]) => {
    const item = document.createElement("li");
    if (!(field in labels)) {
      item.textContent = sentence;
      return item;
    }
    byId(field).setAttribute("aria-invalid", "true");
    byId(`${field}-error`).textContent = sentence;
    byId(`${field}-error`).hidden = false;
    const link = document.createElement("a");
    link.href = `#${field}`;
    link.textContent = `${labels[field]}: ${sentence}`;
    link.addEventListener("click", (event) => {
      event.preventDefault();
      byId(field).focus();
    });
    item.append(link);
    return item;
  });
  byId("summary-text").textContent = text;
  byId("summary-text").hidden = text === "";
  byId("summary-list").replaceChildren(...items);
  byId("summary-list").hidden = items.length === 0;
  summary.hidden = false;
  document.title = `Error: ${pageTitle}`;
  summary.focus();
}

/** Replaces the form, and the passwords in it, by another part of the page. */
function finish(part) {
  removeEventListener("hashchange", takeCodeFromAddress);
  form.reset();
  byId("ask").remove();
  byId(part).hidden = false;
  const heading = byId(part).querySelector("h1");
  document.title = `${heading.textContent} – MCP Messenger`;
  heading.focus();
}

const sentence = (text) => {
  const trimmed = String(text).trim();
  const ended = /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
  return ended.charAt(0).toUpperCase() + ended.slice(1);
};

function waitOf(response) {
  const seconds = Number(response.headers.get("Retry-After"));
  if (!(seconds > 0)) return "Wait a few minutes and try again.";
  if (seconds < 90) return `Try again in ${Math.ceil(seconds)} seconds.`;
  return `Try again in ${Math.ceil(seconds / 60)} minutes.`;
}

/** Shows what a refusal (RFC 9457) means to the person at the form. */
async function explain(response) {
  const problem = await response.json().catch(() => ({}));
  const detail = problem.detail ? sentence(problem.detail) : `The server answered with status ${response.status}.`;
  if (response.status === 404) return finish("gone");
  if (response.status === 429) return showFaults([], `Too many wrong codes came from this address. ${waitOf(response)}`);
  if (problem.code === "wrong_setup_code") return showFaults([["code", detail]], "");
  const fields = Array.isArray(problem.errors) ? problem.errors : [];
  if (fields.length === 0) return showFaults([], detail);
  return showFaults(
    fields.map((fault) => {
      const known = fault.field in labels;
      return [fault.field, known ? sentence(fault.detail) : sentence(`${fault.field}: ${fault.detail}`)];
    }),
    "",
  );
}

function setSending(on) {
  sending = on;
  send.setAttribute("aria-disabled", String(on));
  send.textContent = on ? "Creating the account…" : "Create administrator";
  byId("status").textContent = on ? "The server is creating the account. This takes a few seconds at most." : "";
}

async function submit(event) {
  event.preventDefault();
  if (sending) return;
  clearFaults();
  const values = {
    code: byId("code").value.trim(),
    username: byId("username").value.trim(),
    password: byId("password").value,
  };
  const email = byId("email").value.trim();
  if (email !== "") values.email = email;
  const faults = faultsHere(values);
  if (faults.length > 0) {
    showFaults(faults, "");
    return;
  }

  // Password managers offer to save what is in a password field, not in a text field.
  byId("reveal").checked = false;
  showPasswords(false);
  setSending(true);
  try {
    const response = await fetch("/api/setup", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json, application/problem+json" },
      body: JSON.stringify(values),
      signal: AbortSignal.timeout(30_000),
    });
    setSending(false);
    if (!response.ok) {
      await explain(response);
      return;
    }
    byId("done-name").textContent = values.username;
    // As it stands inside a JSON string.
    byId("done-login").textContent = JSON.stringify(values.username).slice(1, -1);
    finish("done");
  } catch {
    setSending(false);
    showFaults([], "The server did not answer. Check that it is running and that this device is on its network, then send again.");
  }
}

function showPasswords(on) {
  for (const field of ["password", "repeat"]) byId(field).type = on ? "text" : "password";
}

form.addEventListener("submit", submit);
byId("reveal").addEventListener("change", (event) => showPasswords(event.target.checked));
addEventListener("hashchange", takeCodeFromAddress);
takeCodeFromAddress();
send.disabled = false;
