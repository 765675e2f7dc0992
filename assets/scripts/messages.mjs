// Compiles the message catalogues, and fails on what a reader would stumble over: a missing translation, a missing
// plural form, a placeholder that one language lacks, a text that was left in English, a key that nothing uses.
//
// A catalogue is a folder `*/messages` of JSON files: key → language → text, or plural category → text.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'

const root = join(import.meta.dirname, '..')
const out = join(root, 'generated')
export const languages = ['en', 'es', 'ar']
const catalogues = ['lib', 'admin', 'setup', 'trust', 'join', 'chat']
const faults = []

// Names, codes and abbreviations that read alike in every language are no forgotten translations.
const alike = /^[\s\d\p{P}\p{S}]*(?:\{\w+\}|MCP Messenger|[A-Z]{2,}s?|https?|[A-Za-z]{1,2}|\.?[a-z]+\/[a-z*]+)?[\s\d\p{P}\p{S}]*$/u
const cognates = new Set(JSON.parse(readFileSync(join(import.meta.dirname, 'cognates.json'), 'utf8')))

const placeholders = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
const forms = (entry) => (typeof entry === 'string' ? [entry] : Object.values(entry))

function judge(file, key, row) {
  const fault = (what) => faults.push(`${file}: ${key}: ${what}`)
  const named = new Set(languages.flatMap((language) => (row[language] ? forms(row[language]).flatMap(placeholders) : [])))
  for (const language of languages) {
    const entry = row[language]
    if (entry === undefined) {
      fault(`no ${language}`)
      continue
    }
    if (typeof entry !== typeof row.en) fault(`${language} ${typeof entry === 'string' ? 'lacks' : 'has'} plural forms, en does not agree`)
    if (typeof entry !== 'string') {
      const needed = new Intl.PluralRules(language).resolvedOptions().pluralCategories
      for (const category of needed) if (!entry[category]) fault(`${language} lacks the plural form "${category}"`)
      for (const category of Object.keys(entry)) if (!needed.includes(category)) fault(`${language} knows no plural form "${category}"`)
      if (!named.has('count')) fault('plural forms need {count} in one of them')
    }
    for (const text of forms(entry)) {
      if (typeof text !== 'string' || text.trim() === '') fault(`${language} is empty`)
    }
    // In a plural form the number may be a word ("one", "two"), so it alone may be missing in one of them.
    for (const name of named) {
      const lacks = typeof entry === 'string' || name !== 'count' ? forms(entry).some((text) => !placeholders(text).includes(name)) : !forms(entry).some((text) => placeholders(text).includes(name))
      if (lacks) fault(`${language} lacks {${name}}`)
    }
    if (language !== 'en' && typeof entry === 'string' && entry === row.en && !alike.test(entry.replace(/\{\w+\}/g, '')) && !(language === 'es' && cognates.has(entry))) {
      fault(`${language} is left in English`)
    }
  }
  for (const language of Object.keys(row)) if (!languages.includes(language)) fault(`unknown language ${language}`)
  return [...named]
}

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'messages' ? [] : sources(path)
    return /\.(svelte|ts)$/.test(entry.name) ? [readFileSync(path, 'utf8')] : []
  })
}

rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
for (const name of catalogues) {
  const folder = join(root, name, 'messages')
  const rows = {}
  const types = []
  // The shared words may be used by every app.
  const used = (name === 'lib' ? catalogues : [name]).flatMap((folder) => sources(join(root, folder))).join('\n')
  let files = []
  try {
    files = readdirSync(folder).filter((file) => file.endsWith('.json') && statSync(join(folder, file)).isFile()).sort()
  } catch {
    continue
  }
  for (const file of files) {
    const path = join(folder, file)
    let content
    try {
      content = JSON.parse(readFileSync(path, 'utf8'))
    } catch (error) {
      faults.push(`${relative(root, path)}: ${error.message}`)
      continue
    }
    for (const [key, row] of Object.entries(content)) {
      if (rows[key]) faults.push(`${relative(root, path)}: ${key} is there twice`)
      rows[key] = row
      const named = judge(relative(root, path), key, row)
      types.push(`  ${JSON.stringify(key)}: ${named.map((n) => JSON.stringify(n)).join(' | ') || 'never'}`)
      // Keys that are put together (`roles.${name}`) are found by what stands before one of their dots.
      const stems = [...key.matchAll(/\./g)].map((dot) => key.slice(0, dot.index + 1))
      if (!used.includes(`'${key}'`) && !stems.some((stem) => used.includes(`\`${stem}\${`))) faults.push(`${relative(root, path)}: ${key} is not used`)
    }
  }
  mkdirSync(join(out, name))
  for (const language of languages) {
    const catalogue = Object.fromEntries(Object.entries(rows).map(([key, row]) => [key, row[language]]))
    writeFileSync(join(out, name, `${language}.ts`), `export default ${JSON.stringify(catalogue)} as Record<string, string | Record<string, string>>\n`)
  }
  const loaders = languages.map((language) => `  ${language}: () => import('./${language}')`).join(',\n')
  writeFileSync(
    join(out, name, 'index.ts'),
    `/** What each text of this catalogue has to be given. */\nexport interface Keys {\n${types.join('\n')}\n}\n\nexport const load = {\n${loaders}\n}\n`
  )
}
if (faults.length > 0) {
  console.error(faults.join('\n'))
  console.error(`${faults.length} faults in the message catalogues`)
  process.exit(1)
}
