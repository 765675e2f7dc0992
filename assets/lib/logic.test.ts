import { describe, expect, test } from 'vitest'
import { formatBytes, formatDuration, fromLocalInput, toLocalInput } from './format'
import { effectiveTheme } from './looks.svelte'
import { match } from './router.svelte'
import { strength } from './strength'
import { areaOf, lineOf, niceTop } from './ui/chart'
import { sorted } from './ui/table'

describe('router', () => {
  const routes = [
    { name: 'home', path: '' },
    { name: 'users', path: 'users' },
    { name: 'user', path: 'users/:id' }
  ] as const
  const at = (path: string) => match(routes, '/admin', new URL(path, 'https://clinic.local'))

  test('finds the page and its parameters', () => {
    expect(at('/admin').name).toBe('home')
    expect(at('/admin/').name).toBe('home')
    expect(at('/admin/users?role=admin').query.get('role')).toBe('admin')
    expect(at('/admin/users/a%20b')).toMatchObject({ name: 'user', params: { id: 'a b' } })
  })

  test('knows what it does not know', () => {
    for (const path of ['/admin/nothing', '/admin/users/1/2', '/administrator', '/admin/users/%E0%A4%A', '/']) expect(at(path).name).toBe('unknown')
  })
})

describe('order of rows', () => {
  test('is that of the language, numbers in texts by value, empty ones last', () => {
    const rows = ['ward 10', 'Ärzte', null, 'ward 9', 'zoo', '']
    expect(sorted(rows, (row) => row, false, 'en')).toEqual(['Ärzte', 'ward 9', 'ward 10', 'zoo', null, ''])
    expect(sorted(rows, (row) => row, true, 'en').slice(0, 2)).toEqual(['zoo', 'ward 10'])
    expect(sorted([3, 1, 2], (row) => row, true, 'en')).toEqual([3, 2, 1])
  })
})

describe('strength of a password', () => {
  test('grows with length and variety, and falls for what is ordinary', () => {
    expect(strength('', 15)).toBe(0)
    expect(strength('short', 15)).toBe(1)
    expect(strength('aaaaaaaaaaaaaaaaaaaaaa', 15)).toBe(1)
    expect(strength('abcdefghijklmnopqrst', 15)).toBe(1)
    expect(strength('passwordpassword', 15)).toBe(1)
    expect(strength('doradoradoradora1', 15, ['dora'])).toBe(1)
    expect(strength('nine quiet herons at dusk', 15)).toBeGreaterThanOrEqual(3)
  })
})

describe('charts', () => {
  test('end at a round number', () => {
    expect([0, 0.3, 1, 7, 11, 24, 99, 101].map(niceTop)).toEqual([1, 0.5, 1, 10, 20, 25, 100, 200])
  })

  test('leave gaps where nothing was measured', () => {
    expect(lineOf([0, 1, null, 1], 1, 30, 10)).toBe('M0.0 10.0L10.0 0.0M30.0 0.0h1')
    expect(areaOf([0, 1, null, 1], 1, 30, 10)).toBe('M0.0 10.0L10.0 0.0V10H0.0Z')
  })
})

describe('formats', () => {
  test('write sizes and lengths of time', () => {
    expect(formatBytes(0)).toBe('0 bytes')
    expect(formatBytes(1_500_000)).toBe('1.5 MB')
    expect(formatDuration(90_061)).toBe('1 day, 1 hour')
    expect(formatDuration(0)).toBe('0 seconds')
  })

  test('go to an input and back', () => {
    const time = '2026-11-20T22:15:00.000Z'
    expect(fromLocalInput(toLocalInput(time))).toBe(time)
    expect(fromLocalInput('')).toBeNull()
    expect(fromLocalInput('nonsense')).toBeNull()
  })
})

test('the theme follows the system until somebody chooses', () => {
  expect(effectiveTheme('system', { contrast: true, dark: false })).toBe('contrast')
  expect(effectiveTheme('system', { contrast: false, dark: true })).toBe('dark')
  expect(effectiveTheme('light', { contrast: true, dark: true })).toBe('light')
})
