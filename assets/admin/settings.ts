// How a setting is edited, by what its value is and by what the server says is allowed.

export type Editor =
  | { kind: 'switch' }
  | { kind: 'choice'; options: string[] }
  | { kind: 'many'; options: string[] }
  | { kind: 'number' }
  | { kind: 'lines' }
  | { kind: 'text' }

/** The words between the commas of "one of `a`, `b`" or "a list of a, b". */
export function options(allowed: string): string[] {
  const words = allowed.replace(/`/g, '').replace(/^(?:one of|a list of|any of)\s+/i, '').split(/\s*,\s*|\s+or\s+/)
  const clean = words.map((word) => word.replace(/^(?:or|and)\s+/, '').trim()).filter(Boolean)
  return clean.length > 1 && clean.every((word) => /^[a-z][\w-]*$/i.test(word)) ? clean : []
}

export function editor(setting: { value: unknown; default: unknown; allowed: string }): Editor {
  const sample = setting.value ?? setting.default
  if (typeof sample === 'boolean') return { kind: 'switch' }
  if (typeof sample === 'number') return { kind: 'number' }
  const list = options(setting.allowed)
  if (Array.isArray(sample)) return list.length > 0 ? { kind: 'many', options: list } : { kind: 'lines' }
  return list.length > 0 ? { kind: 'choice', options: list } : { kind: 'text' }
}
