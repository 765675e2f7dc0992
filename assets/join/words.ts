import { translator } from '$lib/messages.svelte'
import { load, type Keys } from '$messages/join'

export const t = translator<Keys>(load)
