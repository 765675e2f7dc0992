import { translator } from '$lib/messages.svelte'
import { load, type Keys } from '$messages/admin'

export const t = translator<Keys>(load)
