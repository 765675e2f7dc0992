import { translator } from '$lib/messages.svelte'
import { load, type Keys } from '$messages/setup'

export const t = translator<Keys>(load)
