// The time zones that the browser knows, with the clinic's likely one chosen.
const known: string[] = typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : []
const own = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'

function offset(zone: string): string {
  const parts = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'shortOffset' }).formatToParts()
  return parts.find((part) => part.type === 'timeZoneName')?.value.replace('GMT', 'UTC') ?? ''
}

export const zones = {
  own,
  options: [...new Set([own, 'UTC', ...known])].sort().map((value) => ({ value, label: `${value.replaceAll('_', ' ')} (${offset(value)})` }))
}
