import { expect, test } from 'vitest'
import { health, type Metrics } from './metrics'

const times = { count: 20, p50Micros: 900, p95Micros: 1800, p99Micros: 2000 }
const calm: Metrics = {
  at: '2026-11-20T22:15:41.123Z',
  uptimeSeconds: 3600,
  connections: { now: 12, peak: 31, open: 14, strangers: 0 },
  messages: { total: 1204, delivered: 9632, perMinute: 14, deliveredPerMinute: 112, ack: times },
  logins: { good: 31, failed: 2 },
  refusals: 3,
  rateLimited: 0,
  requests: 4210,
  requestsFailed: 0,
  database: { bytes: 52_428_800, walBytes: 1, queue: 0, queueMax: 10_000, commits: 1890, commit: times, readers: 4, readersBusy: 1 },
  machine: { rssBytes: 48_234_496, pssBytes: null, cpuPercent: 1.2, diskFreeBytes: 51_539_607_552, diskBytes: 107_374_182_400, diskFullInDays: null }
}

test('the worst is said first', () => {
  expect(health(calm)).toEqual({ tone: 'ok', reason: 'fine', count: 12 })
  expect(health({ ...calm, machine: { ...calm.machine, diskFullInDays: 12.7 } })).toEqual({ tone: 'warn', reason: 'diskSoon', count: 12 })
  expect(health({ ...calm, messages: { ...calm.messages, ack: { ...times, p95Micros: 2_000_000 } } }).reason).toBe('slow')
  expect(health({ ...calm, requestsFailed: 400 }).reason).toBe('failures')
  expect(health({ ...calm, database: { ...calm.database, queue: 6000 } }).reason).toBe('queue')
  expect(health({ ...calm, database: { ...calm.database, queue: 6000 }, machine: { ...calm.machine, diskFreeBytes: 1 } }).reason).toBe('diskFull')
})
