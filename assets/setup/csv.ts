// Reads what an office program writes when it is asked for CSV: any of its separators and encodings.

/** How the bytes of a file were read. */
export type Encoding = 'utf-8' | 'utf-16' | 'windows-1252'

/** Text from bytes. UTF-8 where they are that, else what Windows wrote before it; never silently wrong letters. */
export function decode(bytes: Uint8Array): { text: string; encoding: Encoding } {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return { text: new TextDecoder('utf-16le').decode(bytes), encoding: 'utf-16' }
  if (first === 0xfe && second === 0xff) return { text: new TextDecoder('utf-16be').decode(bytes), encoding: 'utf-16' }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), encoding: 'utf-8' }
  } catch {
    return { text: new TextDecoder('windows-1252').decode(bytes), encoding: 'windows-1252' }
  }
}

export interface Row {
  /** The line of the file on which it begins, from 1. */
  line: number
  cells: string[]
}

/** The separator that the first line has most of, outside quotes. */
function separatorOf(text: string): string {
  const counts: Record<string, number> = { ';': 0, ',': 0, '\t': 0 }
  let quoted = false
  for (const character of text) {
    if (character === '"') quoted = !quoted
    else if (character === '\n' && !quoted) break
    else if (!quoted && character in counts) counts[character] = (counts[character] ?? 0) + 1
  }
  return Object.entries(counts).sort((a, b) => b[1] - a[1])[0]?.[0] ?? ','
}

/** RFC 4180, with the separators of other countries and quotes that were forgotten taken as they stand. */
export function parse(text: string): Row[] {
  const source = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n').replaceAll('\r', '\n')
  const separator = separatorOf(source)
  const rows: Row[] = []
  let cells: string[] = []
  let cell = ''
  let line = 1
  let begun = 1
  let at = 0
  const endCell = () => {
    cells.push(cell.trim())
    cell = ''
  }
  const endRow = () => {
    endCell()
    if (cells.some((value) => value !== '')) rows.push({ line: begun, cells })
    cells = []
    begun = line
  }
  while (at < source.length) {
    const character = source[at] as string
    if (character === '"' && cell.trim() === '') {
      const end = closingQuote(source, at + 1)
      if (end !== -1) {
        const inside = source.slice(at + 1, end)
        cell = inside.replaceAll('""', '"')
        line += inside.split('\n').length - 1
        at = end + 1
        continue
      }
    }
    if (character === separator) endCell()
    else if (character === '\n') {
      line++
      endRow()
    } else cell += character
    at++
  }
  endRow()
  return rows
}

function closingQuote(source: string, from: number): number {
  for (let at = source.indexOf('"', from); at !== -1; at = source.indexOf('"', at + 1)) {
    if (source[at + 1] !== '"') return at
    at++
  }
  return -1
}
