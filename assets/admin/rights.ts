// Roles and what they allow, as the server tells them.

export interface Role {
  id: string
  name: string
  description: string | null
  isDefault: boolean
  builtIn: boolean
  /** What it allows cannot be changed. */
  fixed: boolean
  permissions: string[]
  people: number
}

export interface Matrix {
  permissions: { name: string; category: string; description: string }[]
  roles: Role[]
}

export interface Preview {
  roles: { id: string; name: string; gained: string[]; lost: string[]; people: number }[]
  peopleCount: number
  people: { userId: string; username: string; role: string }[]
  refused: string | null
  refusal: string | null
}

/** Role id → permissions in a stable order. */
export function allowedBy(matrix: Matrix): Record<string, string[]> {
  return Object.fromEntries(matrix.roles.map((role) => [role.id, [...role.permissions].sort()]))
}
