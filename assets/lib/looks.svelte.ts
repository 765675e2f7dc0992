// Theme, size of text and language: chosen on this device, remembered on this device, and in force before the first
// paint. What nobody chose follows the system.
import { isLanguage, preferredLanguage, speak, type Language } from './messages.svelte'

export type Theme = 'system' | 'light' | 'dark' | 'contrast'
export type Size = 'small' | 'normal' | 'large' | 'larger'
export const themes: readonly Theme[] = ['system', 'light', 'dark', 'contrast']
export const sizes: readonly Size[] = ['small', 'normal', 'large', 'larger']

class Looks {
  theme: Theme = $state('system')
  size: Size = $state('normal')
}
export const looks = new Looks()

function remembered(name: string): string | null {
  // Storage can be forbidden for a site; then nothing is remembered, and all else works.
  try {
    return localStorage.getItem(`mcpm.${name}`)
  } catch {
    return null
  }
}

function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`mcpm.${name}`, value)
  } catch {
    // See above.
  }
}

/** The theme that is shown for a choice, by what the system prefers. */
export function effectiveTheme(choice: Theme, prefers: { contrast: boolean; dark: boolean }): 'light' | 'dark' | 'contrast' {
  if (choice !== 'system') return choice
  if (prefers.contrast) return 'contrast'
  return prefers.dark ? 'dark' : 'light'
}

function show(): void {
  document.documentElement.dataset.theme = effectiveTheme(looks.theme, {
    contrast: matchMedia('(prefers-contrast: more)').matches,
    dark: matchMedia('(prefers-color-scheme: dark)').matches
  })
  document.documentElement.dataset.size = looks.size
}

export function chooseTheme(theme: Theme): void {
  looks.theme = theme
  remember('theme', theme)
  show()
}

export function chooseSize(size: Size): void {
  looks.size = size
  remember('size', size)
  show()
}

export async function chooseLanguage(language: Language): Promise<void> {
  await speak(language)
  remember('language', language)
}

/** Called once by each app before it mounts. */
export async function dress(): Promise<void> {
  const theme = remembered('theme')
  if (themes.includes(theme as Theme)) looks.theme = theme as Theme
  const size = remembered('size')
  if (sizes.includes(size as Size)) looks.size = size as Size
  show()
  for (const query of ['(prefers-contrast: more)', '(prefers-color-scheme: dark)']) matchMedia(query).addEventListener('change', show)
  const language = remembered('language')
  await speak(isLanguage(language) ? language : preferredLanguage(navigator.languages))
}
