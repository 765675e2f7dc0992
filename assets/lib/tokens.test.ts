import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const css = readFileSync(join(import.meta.dirname, 'styles/tokens.css'), 'utf8')

function theme(name: string): Map<string, string> {
  const block = new RegExp(`\\[data-theme='${name}'\\] \\{([^}]*)\\}`).exec(css)?.[1] ?? ''
  return new Map([...block.matchAll(/(--c-[\w-]+):\s*([^;]+);/g)].map(([, key, value]) => [key ?? '', value ?? '']))
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = parseInt(hex.slice(at, at + 2), 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** WCAG 2.1, contrast ratio. */
function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

const grounds = ['--c-bg', '--c-surface', '--c-surface-2', '--c-side']
const texts: [string, string[]][] = [
  ['--c-text', grounds],
  ['--c-text-2', grounds],
  ['--c-accent', grounds],
  ['--c-accent-hover', grounds],
  ['--c-danger', ['--c-bg', '--c-surface', '--c-surface-2']],
  ['--c-on-accent', ['--c-accent', '--c-accent-hover']],
  ['--c-on-danger', ['--c-danger', '--c-danger-hover']],
  ['--c-code-text', ['--c-code-bg']],
  ...['accent', 'danger', 'warn', 'ok', 'phi'].map((tone): [string, string[]] => [`--c-on-${tone}-soft`, [`--c-${tone}-soft`]])
]
const shapes: [string, string[]][] = [
  ['--c-control-line', ['--c-bg', '--c-surface', '--c-surface-2']],
  ['--c-focus', [...grounds, '--c-accent-soft']],
  ['--c-chart-1', ['--c-surface']],
  ['--c-chart-2', ['--c-surface']],
  ['--c-ok', ['--c-surface']],
  ['--c-warn', ['--c-surface']]
]

describe.each(['light', 'dark', 'contrast'])('theme %s', (name) => {
  const colours = theme(name)

  test('defines every colour', () => {
    expect([...colours.keys()]).toEqual([...theme('light').keys()])
  })

  test.each(texts)('text %s can be read', (text, on) => {
    for (const ground of on) {
      const ratio = contrast(colours.get(text) ?? '', colours.get(ground) ?? '')
      expect(ratio, `${text} on ${ground}`).toBeGreaterThanOrEqual(name === 'contrast' ? 7 : 4.5)
    }
  })

  test.each(shapes)('%s can be seen', (shape, on) => {
    for (const ground of on) expect(contrast(colours.get(shape) ?? '', colours.get(ground) ?? ''), `${shape} on ${ground}`).toBeGreaterThanOrEqual(3)
  })
})

const root = join(import.meta.dirname, '..')
const styled = ['lib', 'admin', 'setup', 'trust', 'chat'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(svelte|css)$/.test(file))
    .map((file) => join(folder, file))
)

test.each(styled)('%s has what right-to-left and the content security policy need', (file) => {
  const text = readFileSync(join(root, file), 'utf8')
  const style = file.endsWith('.css') ? text : (/<style>([\s\S]*)<\/style>/.exec(text)?.[1] ?? '')
  const physical = /(?:^|[\s;{])((?:margin|padding|border)-(?:left|right|top|bottom)|left|right|top|bottom|width|height|min-width|max-height|text-align:\s*(?:left|right)|float)\s*:/m.exec(style.replace(/@media[^{]*/g, ''))
  expect(physical?.[1]).toBeUndefined()
  if (file.endsWith('.svelte')) {
    const markup = text.replace(/<style>[\s\S]*<\/style>/, '')
    expect(markup).not.toMatch(/\sstyle=/)
    expect(markup).not.toMatch(/\{@html/)
  }
})
