// Draws /api/openapi.json: sections by tag, a search over everything that is said, each call drawn when it is opened.

const place = document.getElementById("contract");
const search = document.getElementById("search");
const count = document.getElementById("count");
const tags = document.getElementById("tags");
const DEPTH_MAX = 4;

/** An element with attributes and children; texts are texts, never markup. */
function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** A description: `code` between backticks, the rest as it stands. */
function prose(text) {
  const pieces = text.split("`").map((piece, n) => (n % 2 ? el("code", {}, piece) : piece));
  return el("p", {}, ...pieces);
}

function resolve(schema, contract) {
  if (!schema || !schema.$ref) return { schema: schema ?? {}, name: null };
  const steps = schema.$ref.slice(2).split("/");
  const target = steps.reduce((at, step) => at?.[step], contract) ?? {};
  return { schema: { ...target, ...(schema.description && { description: schema.description }) }, name: steps.at(-1) };
}

/** The alternatives of a schema without null. */
function options(schema) {
  return (schema.oneOf ?? schema.anyOf ?? []).filter((option) => option.type !== "null");
}

function kind(schema, contract) {
  const { schema: known, name } = resolve(schema, contract);
  if (known.const !== undefined) return JSON.stringify(known.const);
  if (known.enum) return known.enum.map((word) => JSON.stringify(word)).join(" | ");
  const nullable = [].concat(known.type ?? []).includes("null") || (known.anyOf ?? []).some((o) => o.type === "null");
  const types = [].concat(known.type ?? []).filter((type) => type !== "null");
  let words = name ?? types.join(" | ");
  if (!name && types[0] === "array") words = `array of ${kind(known.items === true ? {} : known.items, contract)}`;
  if (!words) words = options(known).map((option) => kind(option, contract)).join(" | ") || "any";
  if (known.format && !name) words += `, ${known.format}`;
  if (known.maxLength) words += `, at most ${known.maxLength} characters`;
  if (known.maxItems) words += `, at most ${known.maxItems}`;
  return nullable ? `${words} or null` : words;
}

function fields(schema, contract, depth = 0) {
  const { schema: known } = resolve(schema, contract);
  const list = el("ul", { class: "fields" });
  const needed = new Set(known.required ?? []);
  for (const [name, property] of Object.entries(known.properties ?? {})) {
    const item = el("li", {}, el("code", { class: "name" }, name), " ");
    item.append(el("span", { class: "kind" }, kind(property, contract), needed.has(name) ? "" : " · optional"));
    const told = property.description ?? "";
    if (told) item.append(prose(told));
    append(item, inner(property, contract), contract, depth);
    list.append(item);
  }
  return list;
}

/** What an element of a list or a nullable object is made of. */
function inner(property, contract) {
  const { schema } = resolve(property, contract);
  if (schema.items && schema.items !== true) return inner(schema.items, contract);
  const [only, ...others] = options(schema);
  return only && others.length === 0 ? resolve(only, contract).schema : schema;
}

function append(item, schema, contract, depth) {
  if (schema.properties && depth < DEPTH_MAX) item.append(fields(schema, contract, depth + 1));
}

function example(schema, contract, depth = 0) {
  const { schema: known } = resolve(schema, contract);
  if (known.const !== undefined) return known.const;
  if (known.enum) return known.enum[0];
  if (known.default !== undefined) return known.default;
  const [first] = options(known);
  if (first) return example(first, contract, depth);
  const [type] = [].concat(known.type ?? "any");
  const samples = { string: "…", integer: 1, number: 1, boolean: false, any: "…" };
  const formats = { uuid: "0190a0b0-0000-7000-8000-000000000001", "date-time": "2026-11-20T22:15:41.123Z" };
  if (type === "array") return depth < DEPTH_MAX ? [example(known.items === true ? {} : known.items, contract, depth + 1)] : [];
  if (type !== "object") return formats[known.format] ?? samples[type] ?? null;
  const entries = depth < DEPTH_MAX ? Object.entries(known.properties ?? {}) : [];
  return Object.fromEntries(entries.map(([name, property]) => [name, example(property, contract, depth + 1)]));
}

function shown(schema, contract) {
  const drawn = [];
  const { schema: known } = resolve(schema, contract);
  const body = known.type === "array" ? inner(known, contract) : known;
  if (body.properties) drawn.push(fields(body, contract));
  drawn.push(el("pre", { dir: "ltr", tabindex: "0", "aria-label": "Example" }, JSON.stringify(example(schema, contract), null, 2)));
  return drawn;
}

/** What stands inside a call, once it is opened. */
function drawCall(call, contract) {
  const inside = el("div", { class: "inside" });
  const heading = (text) => inside.append(el("h3", {}, text));
  if (call.parameters?.length) {
    heading("Parameters");
    const list = el("ul", { class: "fields" });
    for (const parameter of call.parameters) {
      const item = el("li", {}, el("code", { class: "name" }, parameter.name), " ");
      item.append(el("span", { class: "kind" }, `${parameter.in} · ${kind(parameter.schema, contract)}`));
      if (parameter.description) item.append(prose(parameter.description));
      list.append(item);
    }
    inside.append(list);
  }
  const body = call.requestBody?.content?.["application/json"]?.schema;
  if (body) {
    heading(`Body: ${kind(body, contract)}`);
    inside.append(...shown(body, contract));
  }
  const failures = el("ul", { class: "statuses" });
  for (const [status, answer] of Object.entries(call.responses)) {
    const { schema: known } = resolve(answer, contract);
    if (Number(status) >= 400) {
      failures.append(el("li", {}, el("code", {}, status), ` ${known.description}`));
      continue;
    }
    const [media, content] = Object.entries(known.content ?? {})[0] ?? ["", {}];
    heading(`${status}: ${content?.schema ? kind(content.schema, contract) : media || "nothing"}`);
    if (content?.schema) inside.append(...shown(content.schema, contract));
  }
  if (failures.childElementCount) {
    heading("Failures");
    inside.append(failures);
  }
  return inside;
}

function drawMessage(schema, contract) {
  return el("div", { class: "inside" }, ...shown(schema, contract));
}

/** A row that draws its inside when it is opened first. */
function row({ id, verb, path, summary, open, draw }) {
  const line = el("summary", {}, el("span", { class: "verb" }, verb), el("code", { dir: "ltr" }, path));
  if (open) line.append(el("span", { class: "open" }, "open"));
  line.append(el("span", { class: "quiet" }, summary));
  const details = el("details", { class: "operation", id }, line);
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(draw());
  });
  return details;
}

function restRows(tag, contract) {
  return Object.entries(contract.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, call]) => call.tags?.includes(tag))
      .map(([method, call]) => ({
        id: call.operationId,
        verb: method.toUpperCase(),
        path,
        summary: call.summary ?? "",
        open: call.security?.length === 0,
        draw: () => drawCall(call, contract),
        words: [method, path, call.summary, JSON.stringify(call)].join(" "),
      })),
  );
}

function messageRows(choice, verb, contract) {
  const { schema } = resolve(choice, contract);
  return (schema.oneOf ?? []).map((option) => {
    const { schema: known } = resolve(option, contract);
    const type = known.properties?.type?.const ?? "?";
    return {
      id: `${verb}-${type}`,
      verb,
      path: type,
      summary: known.description ?? "",
      draw: () => drawMessage(option, contract),
      words: [type, JSON.stringify(known)].join(" "),
    };
  });
}

function draw(contract) {
  const sections = contract.tags.map((tag) => ({ ...tag, rows: restRows(tag.name, contract) }));
  const socket = contract["x-websocket"];
  sections.push({
    name: "WebSocket, from the client",
    description: "One JSON object in a text frame. With a requestId the answer repeats it.",
    rows: messageRows(socket.fromClient, "send", contract),
  });
  sections.push({
    name: "WebSocket, from the server",
    description: "What a connection hears.",
    rows: messageRows(socket.fromServer, "hear", contract),
  });
  const drawn = [];
  sections.forEach((section, number) => {
    const id = `section-${number}`;
    const box = el("section", { "aria-labelledby": id }, el("h2", { id }, section.name), el("p", {}, section.description));
    for (const entry of section.rows) {
      const element = row(entry);
      box.append(element);
      drawn.push({ element, box, words: entry.words.toLowerCase() });
    }
    tags.append(el("a", { href: `#${id}` }, section.name));
    place.append(box);
  });
  tags.hidden = false;
  return drawn;
}

function find(drawn) {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const boxes = new Set();
  let found = 0;
  for (const { element, box, words: said } of drawn) {
    const fits = words.every((word) => said.includes(word));
    element.hidden = !fits;
    if (fits) {
      boxes.add(box);
      found += 1;
    }
  }
  for (const { box } of drawn) box.hidden = !boxes.has(box);
  count.textContent = found === 1 ? "1 entry" : `${found} entries`;
}

try {
  const answer = await fetch("/api/openapi.json");
  if (!answer.ok) throw new Error(String(answer.status));
  const drawn = draw(await answer.json());
  search.disabled = false;
  search.addEventListener("input", () => find(drawn));
  find(drawn);
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (target) {
    if (target.tagName === "DETAILS") target.open = true;
    target.scrollIntoView();
  }
} catch {
  count.textContent = "The description could not be loaded. Reload the page to try again.";
}
