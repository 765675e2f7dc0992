// How hard a password is to guess, roughly: long ones are strong, repeated, ordinary and obvious ones are not. It is an
// encouragement while typing. Length and the list of known passwords decide, and the server does that.

const ordinary = ['password', 'passwort', 'contraseña', 'qwerty', 'qwertz', 'azerty', 'letmein', 'welcome', 'admin', 'iloveyou', 'clinic', 'doctor', 'nurse', 'hospital', 'messenger', '123456', 'abc123', '111111', 'monkey', 'dragon', 'summer', 'winter', 'spring', 'autumn']

/** 0 nothing, 1 weak, 2 fair, 3 good, 4 strong. */
export function strength(password: string, lengthMin: number, own: readonly string[] = []): 0 | 1 | 2 | 3 | 4 {
  const characters = [...password]
  if (characters.length === 0) return 0
  if (characters.length < lengthMin) return 1
  let rest = password.toLowerCase()
  for (const known of [...ordinary, ...own.map((name) => name.toLowerCase())]) {
    // What is known counts as one character, wherever it stands.
    if (known.length >= 3) rest = rest.replaceAll(known, '·')
  }
  // Runs and sequences ("aaaa", "3456") say no more than their first character.
  let counted = 0
  let before = NaN
  let step = NaN
  for (const character of rest) {
    const code = character.codePointAt(0) ?? 0
    const stepNow = code - before
    if (!(Math.abs(stepNow) <= 1 && stepNow === step)) counted++
    step = stepNow
    before = code
  }
  const different = new Set(rest).size
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u].filter((kind) => kind.test(rest)).length
  const score = Math.min(counted, different * 1.800) + kinds
  if (score < lengthMin * 0.6) return 1
  if (score < lengthMin * 0.85) return 2
  return score < lengthMin * 1.150 ? 3 : 4
}
