import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

const here = import.meta.dirname
const pages = ['index', 'admin', 'setup', 'trust', 'join']

// The server that `npm run dev` stands in front of; its authority is not in Node's store.
const server = process.env.MCPM_URL ?? 'https://localhost:3000'
const proxied = { target: server, secure: false, changeOrigin: true, ws: true, headers: { origin: server } }

export default defineConfig({
  root: here,
  plugins: [
    svelte(),
    {
      // In development the pages have the addresses that the server gives them.
      name: 'pages-without-extension',
      configureServer(dev) {
        dev.middlewares.use((request, _response, next) => {
          const page = pages.find((name) => new RegExp(`^/${name}(/|$|\\?)`).test(request.url ?? ''))
          if (page && !/\.\w+($|\?)/.test(request.url ?? '')) request.url = `/${page}.html`
          next()
        })
      }
    }
  ],
  define: {
    __VERSION__: JSON.stringify(/^version = "(.+)"/m.exec(readFileSync(resolve(here, '../Cargo.toml'), 'utf8'))?.[1] ?? '')
  },
  resolve: {
    alias: {
      $lib: resolve(here, 'lib'),
      $messages: resolve(here, 'generated'),
      $sdk: resolve(here, '../sdk/typescript/src/index.ts')
    },
    // Two copies of Svelte would each ask for the Trusted Types policy, and the second is refused.
    dedupe: ['svelte'],
    ...(process.env.VITEST ? { conditions: ['browser'] } : {})
  },
  build: {
    outDir: process.env.MCPM_WEB_OUT ? resolve(process.env.MCPM_WEB_OUT) : resolve(here, 'dist'),
    emptyOutDir: true,
    // The last Chrome for Windows 7 and 8.1, the long-term Firefox of its day, and iOS 16.4.
    target: ['chrome109', 'firefox115', 'safari16.4'],
    // Data URLs in style sheets and an inline polyfill would each need a hole in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: { input: Object.fromEntries(pages.map((name) => [name, resolve(here, `${name}.html`)])) }
  },
  server: { proxy: { '^/(api|health|ws|metrics|trust/)': proxied } },
  test: { include: ['**/*.test.ts'], exclude: ['node_modules', 'e2e', 'dist'] }
})
