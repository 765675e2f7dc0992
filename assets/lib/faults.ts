// What a failure says to a person, in their language where its code is known. The server's own sentence is English and
// says more; it stands in for codes that have no text here, and beside fields.
import { ApiError } from './api'
import { textOr } from './messages.svelte'
import { word } from './words'

export function faultText(error: unknown): string {
  if (!(error instanceof ApiError)) return word('error.unknown')
  if (error.status === 429 && error.retryAfter) return word('error.wait', { count: error.retryAfter })
  if (error.code === 'internal') return error.requestId ? word('error.internal', { id: error.requestId }) : word('error.unknown')
  return textOr(`code.${error.code}`, error.message || word('error.unknown'))
}
