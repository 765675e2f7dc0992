/** Who wants to hear what. A listener that throws does not keep the others from hearing. */
export class Emitter<Events extends Record<string, unknown>> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>();

  /** Calls `listener` at each `name` from now on. Returns what ends that. */
  on<N extends keyof Events>(name: N, listener: (event: Events[N]) => void): () => void {
    const set = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, set);
    set.add(listener);
    return () => void set.delete(listener);
  }

  /** The next `name` for which `matches` holds. */
  once<N extends keyof Events>(name: N, matches: (event: Events[N]) => boolean = () => true): Promise<Events[N]> {
    return new Promise((resolve) => {
      const off = this.on(name, (event) => {
        if (!matches(event)) return;
        off();
        resolve(event);
      });
    });
  }

  protected emit<N extends keyof Events>(name: N, event: Events[N]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (listener as (event: Events[N]) => void)(event);
      } catch (fault) {
        // It is the application's; it comes up where such faults are reported, and nothing here stops for it.
        queueMicrotask(() => {
          throw fault;
        });
      }
    }
  }
}
