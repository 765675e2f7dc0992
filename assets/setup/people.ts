// From a pasted list or a file to people, with what is wrong said row by row. The server judges again; this is so that
// nobody has to send five thousand rows to hear of the third.
import { parse } from './csv'

export const ROWS_MAX = 5000
/** As the server counts: docs/protocol.md. */
const USERNAME_MAX = 50
const NAME_MAX = 100

export interface Candidate {
  line: number
  firstName: string
  lastName: string
  username: string
  email: string
  role: string
}

export type Fault = 'no_name' | 'bad_username' | 'bad_email' | 'bad_role' | 'long_name' | 'twice' | 'taken'

export interface Judged {
  person: Candidate
  fault: Fault | null
  /** For `twice`: the line of the first one. */
  other?: number
}

export interface Report {
  rows: Judged[]
  /** How many rows are beyond what is taken at once. */
  beyond: number
}

type Field = 'name' | 'firstName' | 'lastName' | 'username' | 'email' | 'role'

// What the first line of a list calls its columns, without accents and capitals.
const headings: Record<string, Field> = {
  name: 'name', 'full name': 'name', nombre: 'name', 'nombre completo': 'name', الاسم: 'name', 'الاسم الكامل': 'name',
  'first name': 'firstName', firstname: 'firstName', 'given name': 'firstName', nombres: 'firstName', 'nombre de pila': 'firstName', 'الاسم الاول': 'firstName',
  'last name': 'lastName', lastname: 'lastName', surname: 'lastName', 'family name': 'lastName', apellido: 'lastName', apellidos: 'lastName', 'اسم العائله': 'lastName', العائله: 'lastName',
  username: 'username', user: 'username', 'user name': 'username', login: 'username', usuario: 'username', 'nombre de usuario': 'username', 'اسم المستخدم': 'username',
  email: 'email', 'e-mail': 'email', mail: 'email', correo: 'email', 'correo electronico': 'email', البريد: 'email', 'البريد الالكتروني': 'email',
  role: 'role', rol: 'role', الدور: 'role'
}

const roles: Record<string, string> = {
  user: 'user', usuario: 'user', مستخدم: 'user', '': 'user',
  moderator: 'moderator', moderador: 'moderator', moderadora: 'moderator', مشرف: 'moderator',
  admin: 'admin', administrator: 'admin', administrador: 'admin', administradora: 'admin', مدير: 'admin'
}

/** Without accents, capitals and the forms of Arabic letters that people mix up. */
export function folded(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[أإآ]/g, 'ا')
    .replaceAll('ة', 'ه')
    .toLowerCase()
    .trim()
    .replace(/\s+/g, ' ')
}

const letters: Record<string, string> = { ß: 'ss', æ: 'ae', ø: 'o', œ: 'oe', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ı: 'i' }

/** A username from a name: "José Núñez" is jose.nunez; other scripts stay as they are. */
export function usernameFor(name: string): string {
  return folded(name)
    .replace(/[ßæøœłđðþı]/g, (letter) => letters[letter] ?? letter)
    .replace(/^(dr|dra|prof|mr|mrs|ms|sr|sra)\.? /, '')
    .replace(/[^\p{L}\p{N} -]/gu, '')
    .trim()
    .replace(/[ -]+/g, '.')
    .slice(0, USERNAME_MAX)
}

function columns(first: string[]): Field[] | null {
  const known = first.map((cell) => headings[folded(cell)])
  // A list without headings may well begin with somebody whose name is a heading, but not with two of them.
  const hits = known.filter(Boolean).length
  return hits === first.length || hits >= 2 ? known.map((field) => field ?? ('ignored' as Field)) : null
}

function person(line: number, cells: string[], fields: Field[] | null): Candidate {
  const made: Candidate & { name: string } = { line, name: '', firstName: '', lastName: '', username: '', email: '', role: '' }
  if (fields) cells.forEach((cell, at) => fields[at] && fields[at] in made && (made[fields[at]] = cell))
  else for (const cell of cells) place(made, cell)
  if (made.firstName === '' && made.lastName === '') {
    // "Núñez, José" as address books have it, else the first word is the first name.
    const [family, given] = made.name.split(/\s*,\s*/)
    const words = made.name.split(/\s+/)
    if (given) [made.firstName, made.lastName] = [given, family ?? '']
    else [made.firstName, made.lastName] = [words[0] ?? '', words.slice(1).join(' ')]
  }
  if (made.username === '') made.username = usernameFor(`${made.firstName} ${made.lastName}`) || (made.email.split('@')[0] ?? '')
  const { name: _, ...candidate } = made
  return { ...candidate, role: roles[folded(made.role)] ?? made.role }
}

/** Puts a cell of a list without headings where it belongs by its look. */
function place(made: Candidate & { name: string }, cell: string): void {
  if (cell === '') return
  if (cell.includes('@')) made.email = cell
  else if (made.name !== '' && roles[folded(cell)]) made.role = cell
  else made.name = made.name === '' ? cell : `${made.name} ${cell}`
}

function fault(one: Candidate): Fault | null {
  if (one.username === '') return 'no_name'
  if ([...one.username].length > USERNAME_MAX || !/^[\p{L}\p{M}\p{N}._\-@+]+$/u.test(one.username)) return 'bad_username'
  if ([...one.firstName].length > NAME_MAX || [...one.lastName].length > NAME_MAX) return 'long_name'
  if (one.email !== '' && !/^[^\s@]+@[^\s@]+$/.test(one.email)) return 'bad_email'
  if (!['user', 'moderator', 'admin'].includes(one.role)) return 'bad_role'
  return null
}

/** What the server's import reads. */
export function asCsv(people: readonly Candidate[]): string {
  const cell = (text: string) => `"${text.replaceAll('"', '""')}"`
  const rows = people.map((one) => [`${one.firstName} ${one.lastName}`.trim(), one.username, one.email, one.role].map(cell).join(','))
  return ['name,username,email,role', ...rows].join('\r\n')
}

/** Everybody in a list, and what is wrong with whom. `taken` are the names that have an account. */
export function judge(text: string, taken: Iterable<string> = []): Report {
  const rows = parse(text)
  const fields = columns(rows[0]?.cells ?? [])
  const body = fields ? rows.slice(1) : rows
  const there = new Set([...taken].map((name) => folded(name)))
  const names = new Map<string, number>()
  const addresses = new Map<string, number>()
  const judged = body.slice(0, ROWS_MAX).map(({ line, cells }): Judged => {
    // A pasted list of names, one a line, may hold "Last, First": the comma is then no separator of columns.
    const one = person(line, !fields && cells.length === 2 && !cells[1]?.includes('@') && roles[folded(cells[1] ?? '')] === undefined ? [`${cells[0]}, ${cells[1]}`] : cells, fields)
    const wrong = fault(one)
    if (wrong) return { person: one, fault: wrong }
    const key = folded(one.username)
    const address = one.email.toLowerCase()
    const before = names.get(key) ?? (address === '' ? undefined : addresses.get(address))
    if (before !== undefined) return { person: one, fault: 'twice', other: before }
    names.set(key, line)
    if (address !== '') addresses.set(address, line)
    return { person: one, fault: there.has(key) ? 'taken' : null }
  })
  return { rows: judged, beyond: Math.max(0, body.length - ROWS_MAX) }
}
