import { translator } from '$lib/messages.svelte'
import { load, type Keys } from '$messages/chat'

export const t = translator<Keys>(load)
