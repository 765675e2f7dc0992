import { afterAll, beforeAll, expect, test } from "vitest";
import { Problem, Unreachable, type Messenger } from "../src/index.js";
import { ADMIN, Server } from "./kit.js";

let server: Server;
let dora: Messenger;
beforeAll(async () => {
  server = await Server.start();
  dora = server.messenger();
  await dora.session.signIn(ADMIN.username, ADMIN.password);
});
afterAll(() => server.remove());

const person = (username: string) => ({ username, password: "a path through wet grass", role: "user" });

test("a call is typed from its path to its answer", async () => {
  const made = await dora.rest.post("/api/users", { body: { ...person("bob"), firstName: "Bob" } });
  expect(made.response.status).toBe(201);
  const { data } = await dora.rest.get("/api/users/{id}", { path: { id: made.data.id } });
  expect(data.firstName).toBe("Bob");
});

test("a refusal is a problem that names the fields", async () => {
  const refused: unknown = await dora.rest.post("/api/users", { body: { username: "", password: "short" } }).catch((e: unknown) => e);
  expect(refused).toBeInstanceOf(Problem);
  const problem = refused as Problem;
  expect(problem).toMatchObject({ status: 400, code: "invalid_field", isStale: false, isPassing: false });
  expect(problem.field("username")).toBeTruthy();
  expect(problem.field("password")).toBeTruthy();
  expect(problem.field("email")).toBeUndefined();
  expect(problem.requestId).toBeTruthy();
});

test("of two who change the same thing the second is told", async () => {
  const { data, etag } = await dora.rest.post("/api/users", { body: person("carol") });
  const path = { id: data.id };
  expect(etag).toBeTruthy();
  const ifMatch = etag as string;
  const changed = await dora.rest.put("/api/users/{id}", { path, body: { firstName: "Carol" }, ifMatch });
  expect(changed.etag).not.toBe(etag);
  const second = await dora.rest.put("/api/users/{id}", { path, body: { firstName: "Caro" }, ifMatch }).catch((e: unknown) => e);
  expect(second).toMatchObject({ status: 412, code: "stale", isStale: true });
  const { data: now } = await dora.rest.get("/api/users/{id}", { path });
  expect(now.firstName).toBe("Carol");
});

test("a list is read to its end, page after page, each row once", async () => {
  for (let n = 0; n < 7; n += 1) await dora.rest.post("/api/users", { body: person(`row${n}`) });
  const names: string[] = [];
  let pages = 0;
  for await (const page of dora.rest.pages("/api/users", { query: { limit: 3 } })) {
    pages += 1;
    expect(page.length).toBeLessThanOrEqual(3);
    names.push(...page.map((user) => user.username));
  }
  expect(pages).toBeGreaterThan(2);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => name.startsWith("row"))).toHaveLength(7);
  const rows: string[] = [];
  for await (const user of dora.rest.rows("/api/users", { query: { limit: 3 } })) rows.push(user.username);
  expect(rows).toEqual(names);
});

test("a renewed token goes on, and after the sign-out nobody is signed in", async () => {
  const client = server.messenger();
  await client.session.signIn(ADMIN.username, ADMIN.password);
  const first = client.session.token;
  await client.session.refresh();
  expect(client.session.token).not.toBe(first);
  await client.rest.get("/api/users");
  const ended = client.session.once("signedOut");
  await client.session.signOut();
  await ended;
  expect(client.session.token).toBeUndefined();
  await expect(client.rest.get("/api/users")).rejects.toMatchObject({ status: 401, isSignedOut: true });
});

test("a session that was ended elsewhere is forgotten here", async () => {
  const client = server.messenger();
  await client.session.signIn(ADMIN.username, ADMIN.password);
  const ended = client.session.once("signedOut");
  const id = client.session.user?.id as string;
  await dora.rest.post("/api/users/{id}/terminate-sessions", { path: { id }, body: { exceptCurrent: true } });
  await expect(client.rest.get("/api/users")).rejects.toBeInstanceOf(Problem);
  await ended;
});

test("no answer is told apart from a refusal, and giving up from both", async () => {
  const nobody = server.messenger({ url: "https://127.0.0.1:9" });
  await expect(nobody.rest.get("/health")).rejects.toBeInstanceOf(Unreachable);
  const reason = new Error("the page was left");
  await expect(dora.rest.get("/api/users", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
