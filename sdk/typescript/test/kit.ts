/** A real server of the built program, in a folder of its own, that can be killed and started again. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { Messenger, type MessengerOptions, type Socket } from "../src/index.js";

const PROGRAM = process.env["MCPM_PROGRAM"] ?? new URL("../../../target/debug/mcp-messenger", import.meta.url).pathname;
export const ADMIN = { username: "dora", password: "nine quiet herons at dusk" };

export class Server {
  readonly folder: string;
  readonly #settings: Record<string, string>;
  #process: ChildProcess | null = null;
  url = "";
  ca = "";

  private constructor(folder: string, settings: Record<string, string>) {
    this.folder = folder;
    this.#settings = settings;
  }

  static async start(settings: Record<string, string> = {}): Promise<Server> {
    const server = new Server(await mkdtemp(join(tmpdir(), "mcpm-sdk-")), settings);
    await server.up("0");
    return server;
  }

  /** Starts the program; under the port that it had, where it had one. */
  async up(port = new URL(this.url).port): Promise<void> {
    await rm(join(this.folder, "data", "url.txt"), { force: true });
    const child = spawn(PROGRAM, [], {
      cwd: this.folder,
      stdio: ["ignore", "ignore", "inherit"],
      env: {
        PATH: process.env["PATH"],
        DATA_DIR: join(this.folder, "data"),
        PORT: port,
        BIND_ADDRESS: "127.0.0.1",
        INITIAL_ADMIN_USERNAME: ADMIN.username,
        INITIAL_ADMIN_PASSWORD: ADMIN.password,
        LOG_LEVEL: "error",
        ...this.#settings,
      },
    });
    this.#process = child;
    for (;;) {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
      this.url = (await readFile(join(this.folder, "data", "url.txt"), "utf8").catch(() => this.url)).trim();
      this.ca = await readFile(join(this.folder, "data", "tls", "ca.pem"), "utf8").catch(() => "");
      if (this.url !== "" && this.ca !== "" && (await this.#answers())) return;
      await sleep(50);
    }
  }

  /** As a power cut would. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** A client of this server. */
  messenger(options: Partial<MessengerOptions> = {}): Messenger {
    return new Messenger({ url: this.url, fetch: this.fetch, makeSocket: this.makeSocket, ...options });
  }

  readonly makeSocket = (url: string) => new WebSocket(url, { ca: this.ca }) as unknown as Socket;

  /** `fetch` that trusts this server's authority; that of Node takes one from the environment at its start only. */
  readonly fetch: typeof globalThis.fetch = (input, init) =>
    new Promise((resolve, reject) => {
      const headers = Object.fromEntries(new Headers(init?.headers));
      const asking = request(new URL(input as string), { method: init?.method ?? "GET", headers, ca: this.ca, agent: false });
      const abort = () => asking.destroy(new Error("aborted"));
      init?.signal?.addEventListener("abort", abort);
      if (init?.signal?.aborted === true) abort();
      asking.on("error", reject);
      asking.on("response", (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (part: Buffer) => parts.push(part));
        answer.on("error", reject);
        answer.on("end", () => {
          const pairs = Object.entries(answer.headersDistinct).flatMap(([k, v]) => (v ?? []).map((one): [string, string] => [k, one]));
          resolve(new Response(Buffer.concat(parts), { status: answer.statusCode ?? 0, headers: pairs }));
        });
      });
      asking.end(init?.body as string | undefined);
    });

  async #answers(): Promise<boolean> {
    return this.fetch(`${this.url}/health`).then(
      (answer) => answer.ok,
      () => false,
    );
  }
}

/** Waits until `holds`; the test's own time is the limit. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(20);
}
