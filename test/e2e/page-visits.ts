/** Who visits which pages, for the tests that look at all of them. */
interface Visits {
  username: string
  pages: readonly string[]
}

/** Of those who run and check it, and what others have beside their day's work. */
export const RUNNING_VISITS: readonly Visits[] = [
  { username: 'admin', pages: ['/health', '/users', '/sources', '/channels', '/settings', '/install', '/links'] },
  { username: 'auditor', pages: ['/audit', '/links'] },
  { username: 'patrol-dongjie', pages: ['/patrol', '/alarms'] },
  { username: 'operator', pages: ['/handover', '/health', '/figures'] },
]

export const DESK_VISITS: Visits = {
  username: 'operator',
  pages: ['/wall', '/map', '/alarms', '/links', '/transparency'],
}
export const PHONE_VISITS: Visits = { username: 'installer', pages: ['/install', '/links'] }
