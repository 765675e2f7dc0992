import { expect, test } from 'vitest'
import { decode, parse } from './csv'
import { admits, contains, isNetwork } from './networks'
import { judge, ROWS_MAX, usernameFor } from './people'

const bytes = (...values: number[]) => new Uint8Array(values)

test('bytes are read in the encoding they are in', () => {
  expect(decode(new TextEncoder().encode('José,ناصر'))).toEqual({ text: 'José,ناصر', encoding: 'utf-8' })
  expect(decode(bytes(0x4a, 0x6f, 0x73, 0xe9))).toEqual({ text: 'José', encoding: 'windows-1252' })
  expect(decode(bytes(0xff, 0xfe, 0x4a, 0, 0xe9, 0)).text.replace('\uFEFF', '')).toBe('Jé')
  expect(decode(bytes(0xfe, 0xff, 0, 0x4a, 0, 0xe9)).text.replace('\uFEFF', '')).toBe('Jé')
})

test('rows are read as office programs write them', () => {
  const cells = (text: string) => parse(text).map((row) => row.cells)
  expect(cells('a,b\r\nc,d\r\n')).toEqual([['a', 'b'], ['c', 'd']])
  expect(cells('\uFEFFa;b,c;d')).toEqual([['a', 'b,c', 'd']])
  expect(cells('a\tb\rc\td')).toEqual([['a', 'b'], ['c', 'd']])
  expect(cells('"Núñez, José","said ""hi""",\n\n  \nx,y,z')).toEqual([['Núñez, José', 'said "hi"', ''], ['x', 'y', 'z']])
  expect(parse('"two\nlines",b\nc,d').map((row) => row.line)).toEqual([1, 3])
  expect(cells('a "quoted" word,b\n"never closed,b')).toEqual([['a "quoted" word', 'b'], ['"never closed', 'b']])
  expect(parse('')).toEqual([])
})

test('a pasted list of names becomes people', () => {
  const { rows } = judge('Alice Young\nDr. José Núñez\nNúñez, Ana\nسارة أحمد\nbob@clinic.lan')
  expect(rows.map(({ person, fault }) => [person.firstName, person.lastName, person.username, fault])).toEqual([
    ['Alice', 'Young', 'alice.young', null],
    ['Dr.', 'José Núñez', 'jose.nunez', null],
    ['Ana', 'Núñez', 'ana.nunez', null],
    ['سارة', 'أحمد', 'ساره.احمد', null],
    ['', '', 'bob', null]
  ])
})

test('columns are known by their headings, in three languages and any order', () => {
  const { rows } = judge('Correo electrónico;Apellidos;Nombre de pila;Rol;Planta\nana@c.lan;Núñez;Ana;administradora;3\n;Gil;Eva;;2')
  expect(rows.map(({ person }) => person)).toEqual([
    { line: 2, firstName: 'Ana', lastName: 'Núñez', username: 'ana.nunez', email: 'ana@c.lan', role: 'admin' },
    { line: 3, firstName: 'Eva', lastName: 'Gil', username: 'eva.gil', email: '', role: 'user' }
  ])
})

test('what is wrong is said row by row', () => {
  const list = ['name,username,email,role', 'Ann,ann,ann@c.lan,user', 'Ann,ANN,,user', 'Bo,bo,ann@c.lan,user', 'Cy,c y,,user', `Di,${'d'.repeat(51)},,user`, 'Ed,ed,no address,user', 'Flo,flo,,owner', ',,,', 'Dora,dora,,user', 'Gus,,,'].join('\n')
  const { rows } = judge(list, ['Dora'])
  expect(rows.map(({ person, fault, other }) => [person.line, fault, other])).toEqual([
    [2, null, undefined],
    [3, 'twice', 2],
    [4, 'twice', 2],
    [5, 'bad_username', undefined],
    [6, 'bad_username', undefined],
    [7, 'bad_email', undefined],
    [8, 'bad_role', undefined],
    [10, 'taken', undefined],
    [11, null, undefined]
  ])
})

test('five thousand rows are taken, and not one more', () => {
  const list = (count: number) => Array.from({ length: count }, (_, n) => `Person Number${n}`).join('\n')
  expect(judge(list(ROWS_MAX - 1))).toMatchObject({ beyond: 0, rows: { length: ROWS_MAX - 1 } })
  expect(judge(list(ROWS_MAX))).toMatchObject({ beyond: 0, rows: { length: ROWS_MAX } })
  expect(judge(list(ROWS_MAX + 1))).toMatchObject({ beyond: 1, rows: { length: ROWS_MAX } })
})

test('usernames are what people can type', () => {
  expect(usernameFor('Søren  Ægir-Łukasz')).toBe('soren.aegir.lukasz')
  expect(usernameFor("O'Neil")).toBe('oneil')
  expect(usernameFor('  ')).toBe('')
})

test('an address is in a network or it is not', () => {
  expect(contains('192.168.1.0/24', '192.168.1.255')).toBe(true)
  expect(contains('192.168.1.0/24', '192.168.2.0')).toBe(false)
  expect(contains('10.0.0.0/8', '::ffff:10.2.3.4')).toBe(true)
  expect(contains('127.0.0.1', '127.0.0.1')).toBe(true)
  expect(contains('0.0.0.0/0', '203.0.113.9')).toBe(true)
  expect(contains('fd00::/8', 'fdab::1')).toBe(true)
  expect(contains('fe80::/10', 'fe80::1%eth0')).toBe(true)
  expect(contains('::/0', '192.168.1.1')).toBe(false)
  for (const bad of ['', '192.168.1', '192.168.1.0/33', '300.1.1.1', 'fd00::/129', '1::2::3', 'clinic.lan', '10.0.0.0/8/8', '1:2:3:4:5:6:7:8:9']) {
    expect(isNetwork(bad), bad).toBe(false)
    expect(contains(bad, '192.168.1.1'), bad).toBe(false)
  }
  expect(admits(['10.0.0.0/8', '192.168.0.0/16'], '192.168.7.7')).toBe(true)
  expect(admits([], '127.0.0.1')).toBe(false)
  expect(admits(['192.168.0.0/16', '!192.168.7.7'], '192.168.7.7')).toBe(false)
  expect(admits(['192.168.0.0/16', '!192.168.7.7'], '192.168.7.8')).toBe(true)
  expect(isNetwork('!192.168.7.7')).toBe(true)
})
