import { begin } from '$lib/begin'
import App from './App.svelte'

void begin(App)
