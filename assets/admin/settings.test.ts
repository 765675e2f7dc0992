import { expect, test } from 'vitest'
import { editor, options } from './settings'

test('what is allowed becomes what can be chosen', () => {
  expect(options('`off`, `suggest`, `mark` or `refuse`')).toEqual(['off', 'suggest', 'mark', 'refuse'])
  expect(options('one of optional, required, off')).toEqual(['optional', 'required', 'off'])
  expect(options('at most 100 characters')).toEqual([])
  expect(options('0 (never) to 480')).toEqual([])
})

test('a setting is edited as what it is', () => {
  expect(editor({ value: true, default: false, allowed: 'true or false' }).kind).toBe('switch')
  expect(editor({ value: 15, default: 15, allowed: '0 (never) to 480' }).kind).toBe('number')
  expect(editor({ value: ['ssn'], default: [], allowed: 'a list of ssn, mrn' })).toEqual({ kind: 'many', options: ['ssn', 'mrn'] })
  expect(editor({ value: [], default: [], allowed: 'at most 20 regular expressions' }).kind).toBe('lines')
  expect(editor({ value: null, default: '', allowed: 'at most 100 characters' }).kind).toBe('text')
})
