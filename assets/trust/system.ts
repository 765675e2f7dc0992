// Which system the visitor seems to use; a wrong guess costs one click.
export const systems = ['windows', 'macos', 'ios', 'android', 'chromeos', 'linux', 'firefox'] as const
export type System = (typeof systems)[number]

export function systemOf(agent: string, touchPoints: number): System {
  if (/iPhone|iPad|iPod/.test(agent)) return 'ios'
  // An iPad calls itself a Mac.
  if (/Macintosh/.test(agent) && touchPoints > 1) return 'ios'
  if (/Android/.test(agent)) return 'android'
  if (/CrOS/.test(agent)) return 'chromeos'
  if (/Windows/.test(agent)) return 'windows'
  if (/Macintosh/.test(agent)) return 'macos'
  return /Firefox/.test(agent) ? 'firefox' : 'linux'
}
