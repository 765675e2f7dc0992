// Reads a table of people, as spreadsheets save it.

export interface Candidate {
  /** The line in the table, counting the heading. */
  row: number
  username: string
  email: string
  firstName: string
  lastName: string
  role: string
  fault: 'no_username' | 'username' | 'twice' | 'role' | null
}

/** Fields of a CSV text (RFC 4180); the separator is whatever its first line has more of. */
export function csvRows(text: string): string[][] {
  const clean = text.replace(/^\ufeff/, '')
  const heading = clean.split(/\r?\n/, 1)[0] ?? ''
  const separator = [',', ';', '\t'].reduce((best, one) => (heading.split(one).length > heading.split(best).length ? one : best), ',')
  const rows: string[][] = []
  let row: string[] = []
  let field = ''
  let quoted = false
  for (let at = 0; at <= clean.length; at++) {
    const character = clean[at]
    if (quoted && character !== undefined) {
      if (character !== '"') field += character
      else if (clean[at + 1] === '"') {
        field += '"'
        at++
      } else quoted = false
    } else if (character === '"' && field === '') quoted = true
    else if (character === separator) {
      row.push(field)
      field = ''
    } else if (character === '\n' || character === undefined) {
      row.push(field.replace(/\r$/, ''))
      if (row.some((one) => one.trim() !== '')) rows.push(row)
      row = []
      field = ''
    } else field += character
  }
  return rows
}

const headings: Record<string, keyof Candidate> = {
  username: 'username', user: 'username', login: 'username', usuario: 'username', 'nombre de usuario': 'username', 'اسم المستخدم': 'username',
  email: 'email', 'e-mail': 'email', mail: 'email', correo: 'email', 'البريد': 'email',
  firstname: 'firstName', 'first name': 'firstName', 'given name': 'firstName', nombre: 'firstName', 'الاسم': 'firstName',
  lastname: 'lastName', 'last name': 'lastName', surname: 'lastName', 'family name': 'lastName', apellido: 'lastName', apellidos: 'lastName', 'اللقب': 'lastName',
  role: 'role', rol: 'role', 'الدور': 'role'
}

export function readPeople(text: string, roles: readonly string[]): { people: Candidate[]; fault: 'empty' | 'no_column' | null } {
  const [heading, ...rows] = csvRows(text)
  if (!heading || rows.length === 0) return { people: [], fault: 'empty' }
  const columns = heading.map((name) => headings[name.trim().toLowerCase()])
  if (!columns.includes('username')) return { people: [], fault: 'no_column' }
  const seen = new Set<string>()
  const people = rows.map((fields, at) => {
    const person: Candidate = { row: at + 2, username: '', email: '', firstName: '', lastName: '', role: '', fault: null }
    columns.forEach((column, index) => {
      if (column && column !== 'row' && column !== 'fault') person[column] = (fields[index] ?? '').trim()
    })
    const name = person.username.toLowerCase()
    if (name === '') person.fault = 'no_username'
    else if (/\s/.test(name) || [...name].length > 50) person.fault = 'username'
    else if (seen.has(name)) person.fault = 'twice'
    else if (person.role !== '' && !roles.includes(person.role)) person.fault = 'role'
    seen.add(name)
    return person
  })
  return { people, fault: null }
}

const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789'

/** A password to hand over and to be changed at once: 4 groups of 5 letters that are not mistaken for each other. */
export function madeUpPassword(): string {
  const groups: string[] = []
  for (let group = 0; group < 4; group++) {
    let text = ''
    while (text.length < 5) {
      const [byte = 255] = crypto.getRandomValues(new Uint8Array(1))
      // Bytes beyond the last whole alphabet would make its first letters likelier.
      if (byte < Math.floor(256 / alphabet.length) * alphabet.length) text += alphabet[byte % alphabet.length]
    }
    groups.push(text)
  }
  return groups.join('-')
}
