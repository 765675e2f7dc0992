import { describe, expect, test } from 'vitest'
import { preferredLanguage, say } from './messages.svelte'

describe('say', () => {
  const catalogue = { hello: 'Hello {name}', unread: { zero: 'none', one: 'one', two: 'two', few: '{count} few', many: '{count} many', other: '{count} other' } }

  test('puts values in their places and leaves the rest alone', () => {
    expect(say(catalogue, 'en', 'hello', { name: 'Ana {x}' })).toBe('Hello Ana {x}')
    expect(say(catalogue, 'en', 'hello', {})).toBe('Hello {name}')
  })

  test('takes the plural form of the language', () => {
    const forms = [0, 1, 2, 3, 11, 100].map((count) => say(catalogue, 'ar', 'unread', { count }).replace(/[\d٠-٩]+ /, ''))
    expect(forms).toEqual(['none', 'one', 'two', 'few', 'many', 'other'])
    expect(say(catalogue, 'es', 'unread', { count: 1_000_000 })).toContain('many')
  })

  test('writes numbers as the language does', () => {
    expect(say(catalogue, 'en', 'unread', { count: 1234 })).toBe('1,234 other')
  })

  test('shows the key of what is missing', () => {
    expect(say(catalogue, 'en', 'nothing.here')).toBe('nothing.here')
  })
})

test('the first language that is spoken here is taken', () => {
  expect(preferredLanguage(['fr-CA', 'ar-EG', 'en'])).toBe('ar')
  expect(preferredLanguage(['fr'])).toBe('en')
})
