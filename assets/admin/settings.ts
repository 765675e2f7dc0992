// How a setting is edited, by the kind that the server says it is.

export interface AdminSetting {
  name: string
  group: string
  description: string
  kind: 'flag' | 'choice' | 'number' | 'bytes' | 'duration' | 'text' | 'path' | 'list' | 'secret'
  choices: string[] | null
  allowed: string
  default: unknown
  value: unknown
  secret: boolean
  source: string
  changeable: boolean
  reason: string | null
  restart: boolean
  updatedAt: string | null
  updatedByUsername: string | null
}

export type Editor = { kind: 'switch' } | { kind: 'choice'; options: string[] } | { kind: 'many'; options: string[] } | { kind: 'number' } | { kind: 'lines' } | { kind: 'text' }

export function editor(setting: Pick<AdminSetting, 'kind' | 'choices' | 'value' | 'default'>): Editor {
  const choices = setting.choices ?? []
  const sample = setting.value ?? setting.default
  if (setting.kind === 'flag') return { kind: 'switch' }
  if (setting.kind === 'choice' && choices.length > 0) return { kind: 'choice', options: choices }
  if (setting.kind === 'list') return choices.length > 0 ? { kind: 'many', options: choices } : { kind: 'lines' }
  return typeof sample === 'number' ? { kind: 'number' } : { kind: 'text' }
}

/** What stands in the field for a value. */
export function draftOf(value: unknown): string {
  if (Array.isArray(value)) return value.join('\n')
  return value === null || value === undefined ? '' : String(value)
}

/** The value that a draft stands for; what is no number goes as it is, and the server says so. */
export function valueOf(how: Editor, draft: string): unknown {
  if (how.kind === 'switch') return draft === 'true'
  if (how.kind === 'number') return draft.trim() === '' || Number.isNaN(Number(draft)) ? draft : Number(draft)
  if (how.kind === 'many' || how.kind === 'lines')
    return draft
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean)
  return draft
}
