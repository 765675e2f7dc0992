import { load, type Keys } from '$messages/lib'
import { translator } from './messages.svelte'

/** The shared words: buttons, tables, errors. */
export const word = translator<Keys>(load)
