// The words of the pages. Each app makes one translator from its own catalogue and the shared one; the language is
// loaded before anything is shown, so a text is always there when it is asked for.

export type Language = 'en' | 'es' | 'ar'
export const languages: readonly Language[] = ['en', 'es', 'ar']
/** Each language in its own words: whoever cannot read the page has to find it. */
export const languageNames: Record<Language, string> = { en: 'English', es: 'Español', ar: 'العربية' }

type Catalogue = Record<string, string | Record<string, string>>
type Loader = Record<Language, () => Promise<{ default: Catalogue }>>
type Values<Names extends string> = [Names] extends [never] ? [] : [values: Record<Names, string | number>]

const loaders = new Set<Loader>()
const loaded = new Map<Loader, Map<Language, Catalogue>>()

class Speech {
  language: Language = $state('en')
  /** Counts up when a language came in; what reads a text depends on it. */
  catalogue: Catalogue = $state.raw({})
}
export const speech = new Speech()

export function isLanguage(value: unknown): value is Language {
  return languages.includes(value as Language)
}

/** The best of the languages that the browser asks for. */
export function preferredLanguage(asked: readonly string[]): Language {
  for (const tag of asked) {
    const base = tag.toLowerCase().split('-')[0]
    if (isLanguage(base)) return base
  }
  return 'en'
}

export function direction(language: Language): 'ltr' | 'rtl' {
  return language === 'ar' ? 'rtl' : 'ltr'
}

export async function speak(language: Language): Promise<void> {
  const merged: Catalogue = {}
  for (const loader of loaders) {
    const known = loaded.get(loader) ?? new Map<Language, Catalogue>()
    loaded.set(loader, known)
    const catalogue = known.get(language) ?? (await loader[language]()).default
    known.set(language, catalogue)
    Object.assign(merged, catalogue)
  }
  speech.catalogue = merged
  speech.language = language
  document.documentElement.lang = language
  document.documentElement.dir = direction(language)
}

const rules = new Map<Language, Intl.PluralRules>()

/** The text under `key`, with its plural form by `values.count`, numbers written as the language writes them. */
export function say(catalogue: Catalogue, language: Language, key: string, values?: Record<string, string | number>): string {
  let entry = catalogue[key]
  if (entry === undefined) return key
  if (typeof entry !== 'string') {
    let rule = rules.get(language)
    if (!rule) rules.set(language, (rule = new Intl.PluralRules(language)))
    entry = entry[rule.select(Number(values?.count ?? 0))] ?? entry.other ?? key
  }
  if (!values) return entry
  return entry.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name]
    if (value === undefined) return whole
    return typeof value === 'number' ? new Intl.NumberFormat(language).format(value) : value
  })
}

export type Translate<Keys> = <Key extends keyof Keys & string>(key: Key, ...values: Values<Keys[Key] & string>) => string

/** Registers a catalogue and gives the function that speaks from it. */
export function translator<Keys>(loader: Loader): Translate<Keys> {
  loaders.add(loader)
  return (key, ...values) => say(speech.catalogue, speech.language, key, values[0] as Record<string, string | number> | undefined)
}

/** Whether there is a text of that name; for names that come from the server. */
export function hasText(key: string): boolean {
  return key in speech.catalogue
}

/** The text of a name that comes from the server, or what the server itself calls it. */
export function textOr(key: string, otherwise: string): string {
  return hasText(key) ? say(speech.catalogue, speech.language, key) : otherwise
}
