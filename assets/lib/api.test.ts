import { afterEach, describe, expect, test, vi } from 'vitest'
import { address, api, ApiError, links, whenReachChanges, whenSessionEnds } from './api'

function answer(status: number, body: unknown, headers: Record<string, string> = {}) {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } })
}

function answers(...list: (Response | Error)[]) {
  const asked: { url: string; init: RequestInit }[] = []
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    asked.push({ url, init })
    const next = list.shift()
    if (!next) throw new Error('asked once too often')
    if (next instanceof Error) throw next
    return next
  })
  return asked
}

afterEach(() => {
  vi.unstubAllGlobals()
  whenSessionEnds(null)
  whenReachChanges(null)
})

describe('addresses', () => {
  test('leave out what was not asked', () => {
    expect(address('/api/users', { limit: 50, query: '', role: null, status: undefined })).toBe('/api/users?limit=50')
    expect(address('/api/users', {})).toBe('/api/users')
    expect(address('/api/users', { a: 'ä b&c' })).toBe('/api/users?a=%C3%A4+b%26c')
  })

  test('of the neighbouring pages are read from Link', () => {
    expect(links('</api/users?before=7&limit=50>; rel="next", </api/users?after=9>; rel="prev"')).toEqual({ next: '/api/users?before=7&limit=50', previous: '/api/users?after=9' })
    expect(links(null)).toEqual({ next: null, previous: null })
  })
})

describe('failures', () => {
  test('say what the server said', async () => {
    answers(answer(400, { code: 'invalid_field', detail: 'no', errors: [{ field: 'name', detail: 'too long' }], requestId: 'r1' }))
    const error = await api.post('/api/channels', { name: 'x' }).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(ApiError)
    expect((error as ApiError).field('name')).toBe('too long')
    expect((error as ApiError).requestId).toBe('r1')
  })

  test('without an answer have a code of their own, and are told', async () => {
    const reach: boolean[] = []
    whenReachChanges((reachable) => reach.push(reachable))
    answers(new TypeError('network'), answer(200, []))
    await expect(api.get('/api/users')).rejects.toMatchObject({ status: 0, code: 'offline' })
    await api.get('/api/users')
    expect(reach).toEqual([false, true])
  })

  test('that are no JSON are still failures', async () => {
    answers(new Response('<html>', { status: 502 }))
    await expect(api.get('/api/users')).rejects.toMatchObject({ status: 502, code: 'internal' })
  })
})

describe('the end of a session', () => {
  test('asks to sign in and then repeats the request with its body', async () => {
    whenSessionEnds(async () => true)
    const asked = answers(answer(401, { code: 'session_ended' }), answer(200, { id: '1' }))
    await expect(api.put('/api/users/1', { email: 'a@b' }, { ifMatch: '"7"' })).resolves.toEqual({ id: '1' })
    expect(asked.map((one) => one.init.body)).toEqual(['{"email":"a@b"}', '{"email":"a@b"}'])
    expect((asked[1]?.init.headers as Record<string, string>)['If-Match']).toBe('"7"')
  })

  test('is not asked twice for one request, nor for a wrong password', async () => {
    let asked = 0
    whenSessionEnds(async () => {
      asked++
      return true
    })
    answers(answer(401, { code: 'session_ended' }), answer(401, { code: 'session_ended' }), answer(401, { code: 'wrong_credentials' }))
    await expect(api.get('/api/users')).rejects.toMatchObject({ code: 'session_ended' })
    await expect(api.post('/api/auth/login', {})).rejects.toMatchObject({ code: 'wrong_credentials' })
    expect(asked).toBe(1)
  })
})
