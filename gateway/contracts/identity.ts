import { z } from 'zod'
import { CellCode, Id, Instant, InstantInput, Line } from './common.ts'

export const Role = z.enum(['administrator', 'operator', 'installer', 'patrol-lead', 'auditor', 'feed-owner'])
export type Role = z.infer<typeof Role>

/** Roles a person of the centre can be given; feed owners come in by their invitation, not by a user account. */
export const StaffRole = Role.exclude(['feed-owner'])
export type StaffRole = z.infer<typeof StaffRole>

export const Username = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{1,31}$/, 'a-z, 0-9, dot, dash and underscore; 2 to 32 characters')

/** NIST SP 800-63B §5.1.1: length over composition rules. */
export const NewPassword = z.string().min(10).max(200)

export const User = z.object({
  id: Id,
  username: Username,
  displayName: Line,
  /** The organisation they watch for, as the register and the owner's ledger name it. */
  unit: Line.optional(),
  roles: z.array(Role),
  /** Cells this person works in; absent means all. */
  cellCodes: z.array(CellCode).optional(),
  disabled: z.boolean(),
  createdAt: Instant,
})
export type User = z.infer<typeof User>

export const NewUser = z.strictObject({
  username: Username,
  password: NewPassword,
  displayName: Line,
  unit: Line.optional(),
  roles: z.array(StaffRole).min(1).max(5),
  cellCodes: z.array(CellCode).min(1).max(1000).optional(),
})
export type NewUser = z.infer<typeof NewUser>

export const UserChange = z.strictObject({
  displayName: Line.optional(),
  unit: Line.nullable().optional(),
  password: NewPassword.optional(),
  roles: z.array(StaffRole).min(1).max(5).optional(),
  cellCodes: z.array(CellCode).min(1).max(1000).nullable().optional(),
  disabled: z.boolean().optional(),
})
export type UserChange = z.infer<typeof UserChange>

export const SignIn = z.strictObject({
  username: z
    .string()
    .min(1)
    .max(64)
    .regex(/^[^\p{Cc}]*$/u, 'control characters are not allowed'),
  password: z.string().min(1).max(200),
})
export type SignIn = z.infer<typeof SignIn>

/** Who is signed in. An owner's session has the role `feed-owner` and no username. */
export const SessionAnswer = z.object({
  user: z.object({
    id: Id,
    username: z.string().optional(),
    displayName: z.string(),
    roles: z.array(Role),
    cellCodes: z.array(CellCode).optional(),
  }),
  csrfToken: z.string(),
})
export type SessionAnswer = z.infer<typeof SessionAnswer>

export const NewToken = z.strictObject({
  name: Line,
  roles: z.array(StaffRole).min(1).max(5),
  cellCodes: z.array(CellCode).min(1).max(1000).optional(),
  expiresAt: InstantInput.optional(),
})
export type NewToken = z.infer<typeof NewToken>

export const Token = z.object({
  id: Id,
  name: Line,
  roles: z.array(Role),
  cellCodes: z.array(CellCode).optional(),
  createdAt: Instant,
  expiresAt: Instant.optional(),
  revoked: z.boolean(),
})
export type Token = z.infer<typeof Token>

/** The bearer token itself, shown once. */
export const NewTokenAnswer = z.object({ id: Id, token: z.string() })
export type NewTokenAnswer = z.infer<typeof NewTokenAnswer>

/** Whoever makes a request, as every feature sees them. */
export interface Principal {
  kind: 'user' | 'token' | 'owner' | 'system'
  /** User id, token id, or the owner's session id. */
  id: string
  /** The person's or script's name for the register. */
  name: string
  /** The organisation they watch for. */
  unit?: string
  roles: readonly Role[]
  /** Undefined: all cells. */
  cellCodes: readonly string[] | undefined
  /** Ends with sign-out; a bearer token is its own session. */
  sessionId: string
  /** Owners only: the links their invitation opened. */
  linkIds?: readonly string[]
}
