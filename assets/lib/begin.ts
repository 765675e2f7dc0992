// How each page begins: looks and language first, then the view, so that nothing flickers and no text is missing.
import './styles/base.css'
import { mount, type Component } from 'svelte'
import { dress } from './looks.svelte'

export async function begin(App: Component): Promise<void> {
  await dress()
  const target = document.getElementById('app')
  if (target) mount(App, { target })
}
