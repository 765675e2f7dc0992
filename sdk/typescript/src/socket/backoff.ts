/**
 * How long to wait before the n-th try in a row: a random time below a growing bound ("full jitter"), so that a
 * whole clinic does not come back in the same instant after a restart.
 */
export function pauseMs(failures: number, random: () => number = Math.random): number {
  const bound = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 16));
  return Math.round(SHORTEST_MS + random() * (bound - SHORTEST_MS));
}

const SHORTEST_MS = 100;
const FIRST_MS = 500;
const LONGEST_MS = 30_000;
