import { expect, test } from 'vitest'
import { offBy } from './selftest'
import { systemOf } from './system'

test('systems are known by what browsers call themselves', () => {
  const mac = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Safari/605.1.15'
  expect(systemOf('Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0', 0)).toBe('windows')
  expect(systemOf(mac, 0)).toBe('macos')
  expect(systemOf(mac, 5)).toBe('ios')
  expect(systemOf('Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)', 5)).toBe('ios')
  expect(systemOf('Mozilla/5.0 (Linux; Android 14) Chrome/140.0 Mobile', 5)).toBe('android')
  expect(systemOf('Mozilla/5.0 (X11; CrOS x86_64 15000.0.0) Chrome/140.0', 0)).toBe('chromeos')
  expect(systemOf('Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 0)).toBe('firefox')
  expect(systemOf('Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0', 0)).toBe('linux')
})

test('a clock is off by no more than the way there and back can explain away', () => {
  expect(offBy({ server: 10_000, took: 200 }, 10_100)).toBe(0)
  expect(offBy({ server: 10_000, took: 200 }, 10_000)).toBe(0)
  expect(offBy({ server: 10_000, took: 200 }, 70_000)).toBe(60)
  expect(offBy({ server: 100_000, took: 0 }, 10_000)).toBe(-90)
})
