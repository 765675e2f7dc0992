// Short notes about what was done. They wait as long as a person points at them or reads them by keyboard; what went
// wrong stays until it is put away.
import { faultText } from '../faults'

export interface Toast {
  id: number
  kind: 'ok' | 'info' | 'error'
  text: string
  action?: { label: string; run: () => void }
}

class Toasts {
  list: Toast[] = $state.raw([])
}
export const toasts = new Toasts()
let count = 0

export function toast(text: string, options: { kind?: Toast['kind']; action?: Toast['action'] } = {}): number {
  const id = ++count
  toasts.list = [...toasts.list.slice(-3), { id, kind: options.kind ?? 'ok', text, action: options.action }]
  return id
}

export function toastFault(error: unknown): void {
  toast(faultText(error), { kind: 'error' })
}

export function dismiss(id: number): void {
  toasts.list = toasts.list.filter((entry) => entry.id !== id)
}
