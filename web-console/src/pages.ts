import type { Role } from '../../gateway/contracts/identity.ts'

/** Paths of the console and whose roles they serve. */
export const PAGES = {
  '/wall': ['operator', 'administrator'],
  '/map': ['operator', 'administrator'],
  '/alarms': ['operator', 'patrol-lead', 'auditor', 'administrator'],
  '/patrol': ['patrol-lead'],
  '/install': ['installer', 'administrator'],
  '/handover': ['operator', 'auditor', 'administrator'],
  '/figures': ['operator', 'auditor', 'administrator'],
  '/health': ['operator', 'installer', 'administrator'],
  '/links': ['auditor', 'operator', 'installer', 'administrator'],
  '/audit': ['auditor', 'administrator'],
  '/sources': ['installer', 'administrator'],
  '/channels': ['administrator'],
  '/users': ['administrator'],
  '/settings': ['administrator'],
  '/gallery': ['administrator'],
  '/owner': ['feed-owner'],
} as const satisfies Record<string, readonly Role[]>
export type PagePath = keyof typeof PAGES

const PATHS = Object.keys(PAGES) as PagePath[] // the keys of a literal object are exactly its type's keys

const HOME: Readonly<Record<Role, PagePath>> = {
  administrator: '/wall',
  operator: '/wall',
  installer: '/install',
  'patrol-lead': '/patrol',
  auditor: '/links',
  'feed-owner': '/owner',
}

/** Reached from another page, or by their address alone: the header has room for what a shift needs. */
const UNLISTED = new Set<PagePath>(['/figures', '/gallery'])

/** What the navigation offers. */
export const listedPages = (roles: readonly Role[]): PagePath[] => pagesFor(roles).filter((page) => !UNLISTED.has(page))

export const pagesFor = (roles: readonly Role[]): PagePath[] =>
  PATHS.filter((path) => PAGES[path].some((role: Role) => roles.includes(role)))

/** The page for a path, or the first page of the person's roles where the path is none of theirs. */
export function pageFor(path: string, roles: readonly Role[]): PagePath | undefined {
  const mine = pagesFor(roles)
  const asked = mine.find((page) => page === path)
  const home = roles.map((role) => HOME[role]).find((page) => mine.includes(page))
  return asked ?? home
}
