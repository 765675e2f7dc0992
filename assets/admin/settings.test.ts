import { expect, test } from 'vitest'
import { draftOf, editor, valueOf, type Editor } from './settings'

test('a setting is edited as what it is', () => {
  expect(editor({ kind: 'flag', choices: null, value: true, default: false })).toEqual({ kind: 'switch' })
  expect(editor({ kind: 'choice', choices: ['off', 'mark'], value: 'off', default: 'off' })).toEqual({ kind: 'choice', options: ['off', 'mark'] })
  expect(editor({ kind: 'list', choices: ['ssn', 'mrn'], value: ['ssn'], default: [] }).kind).toBe('many')
  expect(editor({ kind: 'list', choices: [], value: [], default: [] }).kind).toBe('lines')
  expect(editor({ kind: 'number', choices: [], value: 15, default: 15 }).kind).toBe('number')
  expect(editor({ kind: 'duration', choices: [], value: '24h', default: '24h' }).kind).toBe('text')
})

test('a draft becomes the value it came from', () => {
  const all: [Editor, unknown][] = [[{ kind: 'switch' }, true], [{ kind: 'number' }, 15], [{ kind: 'lines' }, ['a', 'b']], [{ kind: 'text' }, 'x']]
  for (const [how, value] of all) expect(valueOf(how, draftOf(value))).toEqual(value)
  expect(valueOf({ kind: 'number' }, 'many')).toBe('many')
  expect(valueOf({ kind: 'lines' }, ' a \n\n b')).toEqual(['a', 'b'])
  expect(draftOf(null)).toBe('')
})
