import "fake-indexeddb/auto";
import { expect, test } from "vitest";
import { IndexedDbStore, MemoryStore, Timeline, type Change, type Entry, type Message } from "../src/index.js";
import { readLinks } from "../src/link.js";
import { pauseMs } from "../src/socket/backoff.js";
import { meaning } from "../src/socket/closing.js";

test("links are read by their relation, whatever stands around them", () => {
  const header = '</api/messages?channelId=1&before=118>; rel="next", </api/messages?a=b,c&after=1>; title="x, y"; rel="prev start"';
  expect(readLinks(header)).toEqual({
    next: "/api/messages?channelId=1&before=118",
    prev: "/api/messages?a=b,c&after=1",
    start: "/api/messages?a=b,c&after=1",
  });
  expect(readLinks(null)).toEqual({});
  expect(readLinks("nonsense")).toEqual({});
});

test("pauses grow, end somewhere, and are spread", () => {
  expect(pauseMs(0, () => 0)).toBe(100);
  expect(pauseMs(0, () => 0.999)).toBeLessThanOrEqual(500);
  expect(pauseMs(1, () => 0.999)).toBeGreaterThan(900);
  for (const n of [10, 100, 10_000]) expect(pauseMs(n, () => 0.9999)).toBeLessThanOrEqual(30_000);
  expect(pauseMs(10, () => 0.25)).not.toBe(pauseMs(10, () => 0.75));
});

test("each close code means what the protocol says", () => {
  for (const code of [1000, 1001, 1006, 1009, 1013, 4004]) expect(meaning(code, null)).toBeNull();
  expect(meaning(1008, null)).toBe("refused");
  expect(meaning(4001, "session_ended")).toBe("signed-out");
  expect(meaning(4001, "busy")).toBeNull();
  expect(meaning(4001, null)).toBeNull();
  expect(meaning(4002, null)).toBe("signed-out");
  expect(meaning(4003, null)).toBe("abuse");
  expect(meaning(4005, null)).toBe("ended-by-administrator");
});

const entry = (id: string, text = "Bed 4"): Entry => ({ clientMessageId: id, channelId: "c", text, writtenAt: 1, failure: null });

for (const [name, make] of [
  ["memory", () => new MemoryStore()],
  ["IndexedDB", () => new IndexedDbStore("alice")],
] as const) {
  test(`the store in ${name} keeps, changes, forgets`, async () => {
    const store = make();
    await store.save(entry("1"));
    await store.save(entry("2"));
    await store.save(entry("1", "Bed 5"));
    const texts = (await store.load()).map((kept) => `${kept.clientMessageId} ${kept.text}`).sort();
    expect(texts).toEqual(["1 Bed 5", "2 Bed 4"]);
    await store.remove("1");
    expect(await store.load()).toHaveLength(1);
    await store.wipe();
    expect(await make().load()).toEqual([]);
  });
}

test("what IndexedDB keeps is there after a restart, for its writer alone, and sealed", async () => {
  await new IndexedDbStore("bob").save(entry("1", "potassium 6.1"));
  expect((await new IndexedDbStore("bob").load())[0]?.text).toBe("potassium 6.1");
  expect(await new IndexedDbStore("carol").load()).toEqual([]);
  const rows = await new Promise<{ id: string; box: ArrayBuffer }[]>((resolve) => {
    const asking = indexedDB.open("mcp-messenger-outbox-bob");
    asking.onsuccess = () => {
      const all = asking.result.transaction("entries").objectStore("entries").getAll();
      all.onsuccess = () => resolve(all.result as { id: string; box: ArrayBuffer }[]);
    };
  });
  expect(rows).toHaveLength(1);
  expect(Buffer.from(rows[0]?.box as ArrayBuffer).toString("latin1")).not.toContain("potassium");
});

const message = (id: string, seq: number, rev: number, text = ""): Message =>
  ({ id, channelId: "c", seq, rev, text, reactions: [], replies: 0, pinned: false }) as unknown as Message;
const change = (type: Change["type"], data: unknown): Change => ({ type, data }) as Change;

test("a timeline takes each change once, in whatever order it comes", () => {
  const timeline = new Timeline("c");
  expect(timeline.apply(change("new_message", message("b", 2, 5, "two")))).toBe(true);
  expect(timeline.apply(change("new_message", message("a", 1, 4, "one")))).toBe(true);
  expect(timeline.apply(change("message_updated", message("b", 2, 7, "two!")))).toBe(true);
  expect(timeline.apply(change("new_message", message("b", 2, 5, "two")))).toBe(false);
  expect(timeline.messages().map((kept) => kept.text)).toEqual(["one", "two!"]);
  expect(timeline.rev).toBe(7);
  const reaction = { messageId: "a", channelId: "c", seq: 1, rev: 8, userId: "u", reaction: "+1" };
  expect(timeline.apply(change("reaction_added", reaction))).toBe(true);
  expect(timeline.apply(change("reaction_added", reaction))).toBe(false);
  expect(timeline.get("a")?.reactions).toEqual([{ reaction: "+1", count: 1, userIds: ["u"] }]);
  expect(timeline.apply(change("reaction_removed", { ...reaction, rev: 9 }))).toBe(true);
  expect(timeline.get("a")?.reactions).toEqual([]);
  expect(timeline.apply(change("thread_updated", { messageId: "a", channelId: "c", seq: 1, rev: 10, replies: 3 }))).toBe(true);
  expect(timeline.get("a")?.replies).toBe(3);
  expect(timeline.apply(change("message_pinned", { messageId: "a", channelId: "c", seq: 1, rev: 11, userId: "u" }))).toBe(true);
  expect(timeline.get("a")?.pinned).toBe(true);
  expect(timeline.apply(change("new_message", { ...message("x", 9, 99), channelId: "other" }))).toBe(false);
  expect(timeline.rev).toBe(11);
});
