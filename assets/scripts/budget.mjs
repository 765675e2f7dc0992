// Fails when a page became too heavy for an old computer on a slow network. What counts for a page is what it loads
// before anybody does anything: its scripts, the modules those import, its style sheets, and one language.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'

const out = process.env.MCPM_WEB_OUT ? resolve(process.env.MCPM_WEB_OUT) : join(import.meta.dirname, '..', 'dist')
const kib = 1024
const initialMax = { index: 110 * kib, admin: 90 * kib, setup: 90 * kib, trust: 90 * kib, join: 90 * kib }
const lazyMax = 45 * kib
const allMax = 2.5 * kib * kib

const packed = (path) => gzipSync(readFileSync(path), { level: 9 }).length
const faults = []
const initial = new Set()

function follow(path, seen) {
  if (seen.has(path)) return
  seen.add(path)
  if (!path.endsWith('.js')) return
  const text = readFileSync(path, 'utf8')
  for (const [, file] of text.matchAll(/(?:import|from)\s*["'`]\.\/([\w.-]+\.js)["'`]/g)) follow(join(out, 'assets', file), seen)
  // Arabic needs the most bytes.
  for (const [, file] of text.matchAll(/import\(\s*["'`]\.\/(ar-[\w-]+\.js)["'`]/g)) follow(join(out, 'assets', file), seen)
}

for (const [page, max] of Object.entries(initialMax)) {
  const html = readFileSync(join(out, `${page}.html`), 'utf8')
  if (/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/.test(html)) faults.push(`${page}.html has something inline, which the content security policy refuses`)
  const seen = new Set()
  for (const [, file] of html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)) {
    // The program brings the icon itself, for its plain pages too.
    if (file !== 'assets/favicon.svg') follow(join(out, file), seen)
  }
  const bytes = [...seen].reduce((sum, path) => sum + packed(path), 0)
  seen.forEach((path) => initial.add(path))
  console.log(`${page}: ${(bytes / kib).toFixed(1)} KiB of ${max / kib}`)
  if (bytes > max) faults.push(`${page} loads ${(bytes / kib).toFixed(1)} KiB, allowed are ${max / kib}`)
}
let all = 0
for (const entry of readdirSync(out, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue
  const path = join(entry.parentPath, entry.name)
  all += statSync(path).size
  if (/\.(js|css)$/.test(path) && !initial.has(path) && packed(path) > lazyMax) faults.push(`${entry.name} is ${(packed(path) / kib).toFixed(1)} KiB, allowed are ${lazyMax / kib} for what is loaded later`)
}
console.log(`all, with the packed copies: ${(all / kib / kib).toFixed(2)} MiB of ${allMax / kib / kib}`)
if (all > allMax) faults.push('all of it together is too much')
faults.forEach((fault) => console.error(fault))
process.exit(faults.length ? 1 : 0)
