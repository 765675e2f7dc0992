import { translator } from '$lib/messages.svelte'
import { load, type Keys } from '$messages/trust'

export const t = translator<Keys>(load)
