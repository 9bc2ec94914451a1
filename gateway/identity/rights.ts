import type { Principal, Role } from '../contracts/identity.ts'

/** True if the person or script works in that cell; without a list of cells they work in all. Owners work in none. */
export function coversCell(principal: Principal, cellCode: string): boolean {
  if (principal.kind === 'owner') return false
  return principal.cellCodes === undefined || principal.cellCodes.includes(cellCode)
}

/** True if the principal has at least one of the roles. */
export function hasRole(principal: Principal, ...roles: readonly Role[]): boolean {
  return principal.roles.some((role) => roles.includes(role))
}

/** Those who run the gateway must not be those who check its register (NIST SP 800-53 AC-5). */
export function separatesDuties(roles: readonly Role[]): boolean {
  return !(roles.includes('administrator') && roles.includes('auditor'))
}
