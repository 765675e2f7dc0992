// The geometry of the charts.

/** The next round number at or above `value`, for the top of an axis. */
export function niceTop(value: number): number {
  if (!(value > 0)) return 1
  const magnitude = 10 ** Math.floor(Math.log10(value))
  for (const step of [1, 2, 2.5, 5, 10]) if (step * magnitude >= value) return step * magnitude
  return 10 * magnitude
}

/** Stretches of points between what was not measured. */
function stretches(values: readonly (number | null)[], top: number, width: number, height: number): string[][] {
  const found: string[][] = []
  let open: string[] | null = null
  values.forEach((value, at) => {
    if (value === null || value === undefined) {
      open = null
      return
    }
    if (!open) found.push((open = []))
    const x = values.length < 2 ? 0 : (at / (values.length - 1)) * width
    open.push(`${x.toFixed(1)} ${(height * (1 - value / top)).toFixed(1)}`)
  })
  return found
}

export function lineOf(values: readonly (number | null)[], top: number, width: number, height: number): string {
  return stretches(values, top, width, height)
    .map((points) => `M${points.length > 1 ? points.join('L') : `${points[0]}h1`}`)
    .join('')
}

export function areaOf(values: readonly (number | null)[], top: number, width: number, height: number): string {
  return stretches(values, top, width, height)
    .filter((points) => points.length > 1)
    .map((points) => `M${points.join('L')}V${height}H${points[0]?.split(' ')[0]}Z`)
    .join('')
}
