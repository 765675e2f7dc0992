// The order of rows, apart from the view so that it can be tested.

export type Sortable = string | number | boolean | null | undefined
export interface Sort {
  key: string
  descending: boolean
}

/** Rows in order of `value`; what has none comes last either way. Equal rows stay as they were. */
export function sorted<Row>(rows: readonly Row[], value: (row: Row) => Sortable, descending: boolean, language: string): Row[] {
  const compareText = new Intl.Collator(language, { numeric: true, sensitivity: 'base' }).compare
  const rank = (left: Sortable, right: Sortable): number => {
    if (typeof left === 'string' && typeof right === 'string') return compareText(left, right)
    return Number(left) - Number(right)
  }
  const nothing = (what: Sortable) => what === null || what === undefined || what === ''
  return rows
    .map((row) => ({ row, by: value(row) }))
    .sort((a, b) => {
      if (nothing(a.by) || nothing(b.by)) return Number(nothing(a.by)) - Number(nothing(b.by))
      return descending ? rank(b.by, a.by) : rank(a.by, b.by)
    })
    .map((entry) => entry.row)
}
