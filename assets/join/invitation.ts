// What stands behind the # of an invitation's address: the token, and whom it is meant for.

export interface Asked {
  token: string
  username: string
  firstName: string
  lastName: string
}

/** Reads it and takes it out of the address, so that it stays neither visible nor in the history. */
export function fromAddress(): Asked {
  const parts = new URLSearchParams(location.hash.slice(1))
  if (location.hash !== '') history.replaceState(null, '', location.pathname)
  return { token: tokenIn(parts.get('invitation') ?? ''), username: parts.get('username') ?? '', firstName: parts.get('first') ?? '', lastName: parts.get('last') ?? '' }
}

/** The token in what somebody typed or pasted: the token itself, or the whole link. */
export function tokenIn(text: string): string {
  const trimmed = text.trim()
  const hash = trimmed.indexOf('#')
  return hash === -1 ? trimmed : (new URLSearchParams(trimmed.slice(hash + 1)).get('invitation') ?? '').trim()
}
