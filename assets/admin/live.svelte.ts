// What the server tells by itself. Pages hear frames while they are open; what has no frame yet is asked again in a
// rhythm, while somebody looks.
import { Connection, type Frame } from '$sdk'
import { session } from './session.svelte'

class Live {
  online = $state(false)
  /** The connection is over and comes back only when asked. */
  ended = $state(false)
  #connection: Connection | null = null
  #hearers = new Set<(frame: Frame) => void>()
  #returns = new Set<() => void>()

  start(): void {
    if (this.#connection) return
    const connection = (this.#connection = new Connection())
    let been = false
    connection.on('state', (state) => {
      this.online = state === 'online'
      this.ended = state === 'ended'
    })
    connection.on('online', () => {
      // Frames were missed in a break: everybody looks again.
      if (been) this.#returns.forEach((run) => run())
      been = true
    })
    connection.on('frame', (frame) => this.#hearers.forEach((hear) => hear(frame)))
    connection.on('ended', (why) => {
      if (why === 'signed-out') session.ended()
    })
    connection.start()
  }

  stop(): void {
    this.#connection?.stop()
    this.#connection = null
    this.online = false
  }

  /** Connects again after an end. */
  again(): void {
    this.stop()
    this.start()
  }

  tell(message: object): void {
    this.#connection?.tell(message as Parameters<Connection['tell']>[0])
  }

  hear(hearer: (frame: Frame) => void): () => void {
    this.#hearers.add(hearer)
    return () => this.#hearers.delete(hearer)
  }

  onReturn(run: () => void): () => void {
    this.#returns.add(run)
    return () => this.#returns.delete(run)
  }
}

export const live = new Live()

/** Runs `look` every `seconds` while the page is seen and nobody has to sign in; at once when it is seen again. */
export function every(seconds: number, look: () => unknown): () => void {
  const run = () => {
    if (document.visibilityState === 'visible' && !session.interrupted && session.reachable) look()
  }
  const timer = setInterval(run, seconds * 1000)
  document.addEventListener('visibilitychange', run)
  const off = live.onReturn(run)
  return () => {
    clearInterval(timer)
    document.removeEventListener('visibilitychange', run)
    off()
  }
}
