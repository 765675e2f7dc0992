import { vitePreprocess } from '@sveltejs/vite-plugin-svelte'

export default {
  preprocess: vitePreprocess(),
  compilerOptions: {
    runes: true,
    // Tables that become cards on a phone need their roles spelled out, or browsers forget that they are tables.
    warningFilter: (warning) => warning.code !== 'a11y_no_redundant_roles'
  }
}
