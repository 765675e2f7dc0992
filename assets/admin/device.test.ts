import { expect, test } from 'vitest'
import { device } from './device'
import { csvRows, readPeople } from './people'

test('devices are named as people know them', () => {
  expect(device('Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0')).toBe('Edge, Windows')
  expect(device('Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1')).toBe('Safari, iOS')
  expect(device('Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0')).toBe('Firefox, Linux')
  expect(device('mcp-client/1.0')).toBe('mcp-client/1.0')
  expect(device('x'.repeat(60))).toHaveLength(41)
  expect(device(null)).toBeNull()
})

test('a table of people is read with quotes, either separator, and a byte order mark', () => {
  expect(csvRows('\ufeffusername;email\r\n"a;b";"say ""hi"""\r\n\r\nlast;x')).toEqual([['username', 'email'], ['a;b', 'say "hi"'], ['last', 'x']])
  expect(csvRows('a,b\n"one\ntwo",3')).toEqual([['a', 'b'], ['one\ntwo', '3']])
})

test('rows of a table become people, and what is wrong is told by row', () => {
  const read = readPeople('Username,First name,Role\nana,Ana,user\n,Nobody,user\nANA,Again,user\nbo b,Bob,chief\n', ['user', 'admin'])
  expect(read.fault).toBeNull()
  expect(read.people.map((person) => person.fault)).toEqual([null, 'no_username', 'twice', 'username'])
  expect(read.people[0]).toMatchObject({ row: 2, username: 'ana', firstName: 'Ana', role: 'user' })
  expect(readPeople('name\nx', ['user']).fault).toBe('no_column')
  expect(readPeople('', ['user']).fault).toBe('empty')
})

test('an unknown role is a fault of its row', () => {
  expect(readPeople('username,role\nana,chief', ['user']).people[0]?.fault).toBe('role')
})
