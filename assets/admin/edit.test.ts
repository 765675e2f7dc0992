import { afterEach, expect, test, vi } from 'vitest'
import { changes, clashes, save } from './edit'

afterEach(() => vi.unstubAllGlobals())

test('only what was changed is sent', () => {
  expect(changes({ a: 1, b: [1], c: null }, { a: 1, b: [1, 2], c: undefined })).toEqual({ b: [1, 2] })
})

test('two who changed the same field to the same value do not clash', () => {
  expect(clashes({ a: 1, b: 1, c: 1 }, { a: 2, b: 2, c: 2 }, { a: 2, b: 3, c: 1 })).toEqual([{ key: 'b', mine: 2, theirs: 3 }])
})

function server(start: { name: string; topic: string }) {
  const state = { thing: start, version: 1, put: [] as unknown[] }
  vi.stubGlobal('fetch', async (_path: string, init: RequestInit) => {
    const headers = { etag: `"${state.version}"`, 'content-type': 'application/json' }
    if (init.method === 'PUT') {
      if ((init.headers as Record<string, string>)['If-Match'] !== headers.etag) return new Response('{"code":"stale"}', { status: 412 })
      const body = JSON.parse(String(init.body)) as object
      state.put.push(body)
      state.thing = { ...state.thing, ...body }
      state.version++
    }
    return new Response(JSON.stringify(state.thing), { status: 200, headers })
  })
  return state
}

test('what only the others changed stays, and nobody is asked', async () => {
  const state = server({ name: 'ward 3', topic: 'night' })
  state.thing = { name: 'ward 3', topic: 'day' }
  state.version = 2
  const settle = vi.fn()
  await save('/x', { thing: { name: 'ward 3', topic: 'night' }, etag: '"1"' }, { name: 'ward 4' }, settle)
  expect(settle).not.toHaveBeenCalled()
  expect(state.thing).toEqual({ name: 'ward 4', topic: 'day' })
})

test('what both changed is asked, and nothing is saved when that is given up', async () => {
  const state = server({ name: 'theirs', topic: 't' })
  state.version = 2
  const base = { thing: { name: 'ward 3', topic: 't' }, etag: '"1"' }
  expect(await save('/x', base, { name: 'mine' }, async () => null)).toBeNull()
  expect(state.put).toEqual([])
  await save('/x', base, { name: 'mine' }, async (both) => {
    expect(both).toEqual([{ key: 'name', mine: 'mine', theirs: 'theirs' }])
    return { name: 'mine' }
  })
  expect(state.thing.name).toBe('mine')
})
