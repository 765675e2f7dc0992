// The server's figures, and what they mean in one sentence.

interface Times {
  count: number
  p50Micros: number | null
  p95Micros: number | null
  p99Micros: number | null
}

export interface Metrics {
  at: string
  uptimeSeconds: number
  connections: { now: number; peak: number; open: number; strangers: number }
  messages: { total: number; delivered: number; perMinute: number; deliveredPerMinute: number; ack: Times }
  logins: { good: number; failed: number }
  refusals: number
  rateLimited: number
  requests: number
  requestsFailed: number
  database: { bytes: number | null; walBytes: number | null; queue: number; queueMax: number; commits: number; commit: Times; readers: number; readersBusy: number }
  machine: { rssBytes: number | null; pssBytes: number | null; cpuPercent: number | null; diskFreeBytes: number | null; diskBytes: number | null; diskFullInDays: number | null }
}

export interface Point {
  at: string
  connectionsMax: number
  messagesPerMinute: number
  ack: Times
  loginsGood: number
  loginsFailed: number
  rssBytes: number | null
  cpuPercent: number | null
}

export interface History {
  range: string
  stepSeconds: number
  points: Point[]
}

export interface Overview {
  version: string
  health: { status: 'ok' | 'attention' | 'critical'; code: string; text: string }
  checklist: { code: string; severity: 'critical' | 'warning' | 'advice'; text: string; action: string }[]
  certificate: { own: boolean; expiresAt: string; daysLeft: number } | null
  snapshot: { publishedAt: string; bytes: number } | null
  backup: { madeAt: string; sameDisk: boolean } | null
  accounts: number
}

export interface Verdict {
  tone: 'ok' | 'warn' | 'danger'
  reason: 'fine' | 'diskFull' | 'diskSoon' | 'queue' | 'slow' | 'failures'
  count: number
}

/** The worst thing first: a full disk stops writing, a long queue makes people wait, the rest can wait itself. */
export function health(metrics: Metrics): Verdict {
  const { machine, database, messages } = metrics
  if (machine.diskFreeBytes !== null && machine.diskFreeBytes < 200_000_000) return { tone: 'danger', reason: 'diskFull', count: 0 }
  if (database.queueMax > 0 && database.queue > database.queueMax / 2) return { tone: 'danger', reason: 'queue', count: database.queue }
  if (machine.diskFullInDays !== null && machine.diskFullInDays < 30) return { tone: 'warn', reason: 'diskSoon', count: Math.floor(machine.diskFullInDays) }
  if (messages.ack.p95Micros !== null && messages.ack.count >= 10 && messages.ack.p95Micros > 1_000_000) return { tone: 'warn', reason: 'slow', count: 0 }
  if (metrics.requests > 100 && metrics.requestsFailed > metrics.requests / 20) return { tone: 'warn', reason: 'failures', count: metrics.requestsFailed }
  return { tone: 'ok', reason: 'fine', count: metrics.connections.now }
}
