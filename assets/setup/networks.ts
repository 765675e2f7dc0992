// Whether an address is in a network; so that nobody shuts out the browser they sit at without being asked.

/** An address as a number and its length in bits, or null. An IPv4 address written as IPv6 is an IPv4 address. */
function read(address: string): { value: bigint; bits: 32 | 128 } | null {
  const plain = address.trim().toLowerCase().replace(/^\[|\]$/g, '').replace(/%.*$/, '')
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain)
  const four = mapped?.[1] ?? plain
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(four)) {
    const parts = four.split('.').map(Number)
    if (parts.some((part) => part > 255)) return null
    return { value: parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n), bits: 32 }
  }
  if (!/^[0-9a-f:]+$/.test(plain) || !plain.includes(':')) return null
  const [head, tail, more] = plain.split('::')
  if (more !== undefined) return null
  const groups = (text: string | undefined) => (text ? text.split(':') : [])
  const before = groups(head)
  const after = groups(tail)
  const gap = tail === undefined ? 0 : 8 - before.length - after.length
  if (gap < (tail === undefined ? 0 : 1) || before.length + gap + after.length !== 8) return null
  const all = [...before, ...Array<string>(gap).fill('0'), ...after]
  if (all.some((group) => !/^[0-9a-f]{1,4}$/.test(group))) return null
  return { value: all.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n), bits: 128 }
}

/** Whether `text` is an address or a network, such as 192.168.1.0/24. */
export function isNetwork(text: string): boolean {
  return parts(text.trim().replace(/^!/, '')) !== null
}

function parts(text: string): { value: bigint; bits: number; length: number } | null {
  const [address, mask, more] = text.trim().split('/')
  const read_ = read(address ?? '')
  if (!read_ || more !== undefined || (mask !== undefined && !/^\d{1,3}$/.test(mask))) return null
  const length = mask === undefined ? read_.bits : Number(mask)
  return length > read_.bits ? null : { ...read_, length }
}

/** Whether `address` is in `network`. */
export function contains(network: string, address: string): boolean {
  const net = parts(network)
  const one = read(address)
  if (!net || !one || net.bits !== one.bits) return false
  const shift = BigInt(net.bits - net.length)
  return net.value >> shift === one.value >> shift
}

/** Whether `networks` let `address` in: one of them has to, and none with a `!` before it may hold it. */
export function admits(networks: readonly string[], address: string): boolean {
  const shut = networks.filter((network) => network.startsWith('!')).map((network) => network.slice(1))
  if (shut.some((network) => contains(network, address))) return false
  return networks.some((network) => contains(network, address))
}

/** An address inside a sentence of any direction: it is read from the left, and turns nothing around it. */
export function isolated(address: string): string {
  return `\u2066${address}\u2069`
}
