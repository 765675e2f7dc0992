import { afterAll, beforeAll, expect, test } from "vitest";
import { Refused, Timeline, type Change, type Message, type Messenger, type Person } from "../src/index.js";
import { ADMIN, Server, until } from "./kit.js";

let server: Server;
let dora: Messenger;
let carol: Messenger;
let channelId: string;
const password = "a path through wet grass";

beforeAll(async () => {
  server = await Server.start();
  dora = server.messenger();
  await dora.signIn(ADMIN.username, ADMIN.password);
  const made = await dora.rest.post("/api/users", { body: { username: "carol", password, role: "user" } });
  const channel = await dora.rest.post("/api/channels", { body: { name: "ward 3", isPrivate: true, members: [made.data.id] } });
  channelId = channel.data.id;
  carol = server.messenger();
  await carol.signIn("carol", password);
});
afterAll(async () => {
  dora.connection.stop();
  carol.connection.stop();
  await server.remove();
});

/** Everything that is in the channel, as a fresh fetch shows it. */
async function fetched(): Promise<Message[]> {
  const all: Message[] = [];
  for await (const message of dora.rest.rows("/api/messages", { query: { channelId, limit: 200 } })) all.push(message);
  return all.sort((a, b) => a.seq - b.seq);
}

/** Keeps a timeline of the channel by nothing but frames and what was there at the beginning. */
async function follow(client: Messenger): Promise<{ timeline: Timeline; news: Change[] }> {
  const timeline = new Timeline(channelId);
  const news: Change[] = [];
  await timeline.loadOlder(client.rest, 200);
  while (timeline.hasOlder) await timeline.loadOlder(client.rest, 200);
  client.rooms.on("change", (change) => {
    if (timeline.apply(change)) news.push(change);
  });
  await client.rooms.join(channelId, { since: timeline.rev });
  return { timeline, news };
}

test("a request gets its own answer, done or refused", async () => {
  const acks = await Promise.all(
    ["a", "b", "c"].map((text) => dora.connection.request({ type: "send_message", channelId, text, containsPHI: false })),
  );
  expect(new Set(acks.map((ack) => ack.messageId)).size).toBe(3);
  const texts = new Map((await fetched()).map((message) => [message.id, message.text]));
  expect(acks.map((ack) => texts.get(ack.messageId as string))).toEqual(["a", "b", "c"]);
  const refused: unknown = await dora.connection
    .request({ type: "send_message", channelId: "0190a0b0-0000-7000-8000-000000000002", text: "x", containsPHI: false })
    .catch((e: unknown) => e);
  expect(refused).toBeInstanceOf(Refused);
  expect((refused as Refused).isPassing).toBe(false);
});

test("a channel that may not be joined is lost, and says why", async () => {
  const lost = carol.rooms.once("lost");
  const joining = carol.rooms.join("0190a0b0-0000-7000-8000-000000000002", { since: 0 });
  await expect(joining).rejects.toBeInstanceOf(Refused);
  expect((await lost).problem).toBeInstanceOf(Refused);
});

test("kill -9 of the server: nothing acknowledged is lost, nothing is there twice, and the listener has it all", async () => {
  const { timeline } = await follow(carol);
  const acknowledged = new Map<string, string>();
  dora.outbox.on("sent", ({ entry, ack }) => acknowledged.set(entry.text, ack.messageId as string));
  const written: string[] = [];
  let writing = true;
  const writer = (async () => {
    for (let n = 0; writing; n += 1) {
      written.push(`note ${n}`);
      await dora.outbox.post({ channelId, text: `note ${n}` });
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
  })();
  for (let round = 0; round < 3; round += 1) {
    const had = acknowledged.size;
    // In the middle of things: some are acknowledged, some under way, some not yet sent.
    await until(() => acknowledged.size > had + 20);
    const back = Promise.all([dora.connection.once("online"), carol.connection.once("online")] as Promise<Person>[]);
    await server.kill("SIGKILL");
    await server.up();
    await back;
  }
  writing = false;
  await writer;
  await until(async () => (await dora.outbox.entries()).length === 0);
  const there = (await fetched()).filter((message) => message.text?.startsWith("note "));
  // Every one, once, in the order in which they were written.
  expect(there.map((message) => message.text)).toEqual(written);
  for (const [text, id] of acknowledged) expect(there.find((message) => message.text === text)?.id).toBe(id);
  const last = there.at(-1) as Message;
  await until(() => timeline.get(last.id) !== undefined);
  expect(timeline.messages()).toEqual(await fetched());
});

test("what is written while the server is away goes out when it is back, also after a restart of the program", async () => {
  const kept = server.messenger().outbox; // An outbox that never gets a connection: as if the program had ended.
  const store = new (await import("../src/index.js")).MemoryStore();
  await server.kill("SIGTERM");
  const away = server.messenger({ outbox: store });
  await away.outbox.post({ channelId, text: "written before the restart", containsPHI: true });
  expect(await kept.entries()).toEqual([]);
  const later = server.messenger({ outbox: store });
  expect((await later.outbox.entries()).map((entry) => entry.text)).toEqual(["written before the restart"]);
  await server.up();
  await later.signIn(ADMIN.username, ADMIN.password);
  await until(async () => (await later.outbox.entries()).length === 0);
  const there = (await fetched()).filter((message) => message.text === "written before the restart");
  expect(there).toHaveLength(1);
  expect(there[0]?.containsPHI).toBe(true);
  later.connection.stop();
});

test("an entry that was sent already is posted once, however often it is sent", async () => {
  const store = new (await import("../src/index.js")).MemoryStore();
  const clientMessageId = crypto.randomUUID();
  for (let n = 0; n < 2; n += 1) {
    // The acknowledgement of the first time was never written down.
    await store.save({ clientMessageId, channelId, text: "only once", writtenAt: 1, failure: null });
    const client = server.messenger({ outbox: store });
    await client.signIn(ADMIN.username, ADMIN.password);
    await until(async () => (await store.load()).length === 0);
    client.connection.stop();
  }
  expect((await fetched()).filter((message) => message.text === "only once")).toHaveLength(1);
});

test("what the server refuses for good fails and keeps nothing else back; changed, it goes", async () => {
  await until(() => dora.connection.state === "online");
  await expect(dora.outbox.postAndWait({ channelId, text: "x".repeat(16_001) })).rejects.toMatchObject({ code: "invalid_field" });
  await dora.outbox.postAndWait({ channelId, text: "the next one" });
  const [failed] = await dora.outbox.entries();
  expect(failed?.failure).toBe("invalid_field");
  await dora.outbox.retry(failed?.clientMessageId as string, { text: "shorter" });
  await until(async () => (await dora.outbox.entries()).length === 0);
  expect((await fetched()).at(-1)?.text).toBe("shorter");
});

test("a message too big for any frame fails alone", async () => {
  const big = dora.outbox.post({ channelId, text: "y".repeat(70_000) });
  await big;
  await until(async () => (await dora.outbox.entries()).some((entry) => entry.failure === "too_big"));
  await dora.outbox.postAndWait({ channelId, text: "after the big one" });
  const entries = await dora.outbox.entries();
  expect(entries).toHaveLength(1);
  await dora.outbox.discard(entries[0]?.clientMessageId as string);
});

test("a connection that an administrator ends stays ended; one whose session ends is signed out", async () => {
  const bob = server.messenger();
  await bob.signIn("carol", password);
  await bob.connection.once("online");
  const ended = bob.connection.once("ended");
  await bob.session.signOut();
  expect(await ended).toBe("signed-out");
  expect(bob.connection.state).toBe("ended");
  const stopped = server.messenger();
  await stopped.signIn("carol", password);
  await stopped.connection.once("online");
  const over = stopped.connection.once("ended");
  for await (const connection of dora.rest.rows("/api/connections")) {
    if (connection.username === "carol") await dora.rest.delete("/api/connections/{id}", { path: { id: connection.id } });
  }
  expect(await over).toBe("ended-by-administrator");
  expect(stopped.session.token).toBeDefined();
});

test("a server that falls silent is noticed, and a request that it never answered is not left hanging", async () => {
  // A socket that connects, signs in, and then says nothing more.
  let opened = 0;
  const silent = server.messenger({
    heartbeatMs: 100,
    patienceMs: 5_000,
    makeSocket: (url) => {
      const real = server.makeSocket(url);
      opened += 1;
      if (opened > 1) return real;
      const wrapped = { ...real, send: (text: string) => real.send(text), close: () => real.close() } as typeof real;
      real.onopen = () => wrapped.onopen?.(undefined as never);
      real.onmessage = ((event: { data: string }) => {
        if (event.data.includes("authentication_response")) wrapped.onmessage?.(event as never);
      }) as never;
      return wrapped;
    },
  });
  await silent.session.signIn("carol", password);
  silent.connection.start();
  await silent.connection.once("online");
  const back = silent.connection.once("online");
  await expect(silent.connection.request({ type: "join_channel", channelId })).rejects.toMatchObject({ name: "Disconnected" });
  await back;
  expect(opened).toBe(2);
  silent.connection.stop();
});
