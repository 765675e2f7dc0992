// Times, numbers and sizes as the reader's language writes them. Formatters are kept: making one costs more than using
// it a thousand times.
import { speech } from './messages.svelte'

const kept = new Map<string, unknown>()

function keep<T>(key: string, make: () => T): T {
  let made = kept.get(key) as T | undefined
  if (made === undefined) kept.set(key, (made = make()))
  return made
}

export function formatNumber(value: number, options?: Intl.NumberFormatOptions): string {
  return keep(`n${speech.language}${JSON.stringify(options)}`, () => new Intl.NumberFormat(speech.language, options)).format(value)
}

export function formatPercent(share: number, digits = 0): string {
  return formatNumber(share, { style: 'percent', maximumFractionDigits: digits })
}

export type TimeStyle = 'full' | 'short' | 'date' | 'time' | 'seconds'

const styles: Record<TimeStyle, Intl.DateTimeFormatOptions> = {
  full: { dateStyle: 'full', timeStyle: 'medium' },
  short: { dateStyle: 'medium', timeStyle: 'short' },
  date: { dateStyle: 'medium' },
  time: { timeStyle: 'short' },
  seconds: { dateStyle: 'short', timeStyle: 'medium' }
}

/** A time of the server, in the time zone of the device. What is no time is shown as a dash. */
export function formatTime(value: string | number | Date | null | undefined, style: TimeStyle = 'short'): string {
  if (value === null || value === undefined) return '–'
  const date = new Date(value)
  if (Number.isNaN(date.getTime())) return '–'
  return keep(`t${speech.language}${style}`, () => new Intl.DateTimeFormat(speech.language, styles[style])).format(date)
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60]
]

/** "3 minutes ago", "in 2 days". */
export function formatAgo(value: string | number | Date, now: number): string {
  const seconds = (new Date(value).getTime() - now) / 1000
  const format = keep(`r${speech.language}`, () => new Intl.RelativeTimeFormat(speech.language, { numeric: 'auto' }))
  for (const [unit, size] of steps) if (Math.abs(seconds) >= size) return format.format(Math.trunc(seconds / size), unit)
  return format.format(Math.trunc(seconds), 'second')
}

/** "2 hours, 5 minutes": the two largest units of a length of time. */
export function formatDuration(seconds: number): string {
  const parts: string[] = []
  let rest = Math.max(0, Math.floor(seconds))
  for (const [unit, size] of [['day', 86_400], ['hour', 3600], ['minute', 60], ['second', 1]] as const) {
    const count = Math.floor(rest / size)
    if (count > 0 || (unit === 'second' && parts.length === 0)) parts.push(formatNumber(count, { style: 'unit', unit, unitDisplay: 'long' }))
    rest -= count * size
    if (parts.length === 2) break
  }
  return keep(`l${speech.language}`, () => new Intl.ListFormat(speech.language, { type: 'unit', style: 'long' })).format(parts)
}

/** Bytes in the unit that suits, counted in 1000s as Intl's units are. */
export function formatBytes(bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const
  let value = bytes
  let at = 0
  while (value >= 1000 && at < units.length - 1) {
    value /= 1000
    at++
  }
  return formatNumber(value, { style: 'unit', unit: units[at] ?? 'byte', unitDisplay: at === 0 ? 'long' : 'short', maximumFractionDigits: value < 10 && at > 0 ? 1 : 0 })
}

/** What `<input type=datetime-local>` wants to hear of a time, in the time of the device. */
export function toLocalInput(value: string | null | undefined): string {
  if (!value) return ''
  const date = new Date(value)
  const pad = (n: number) => String(n).padStart(2, '0')
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}T${pad(date.getHours())}:${pad(date.getMinutes())}`
}

/** The time that somebody put into such a field, as the server wants it; null for an empty one. */
export function fromLocalInput(value: string): string | null {
  if (value === '') return null
  const date = new Date(value)
  return Number.isNaN(date.getTime()) ? null : date.toISOString()
}
