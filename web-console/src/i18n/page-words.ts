import type { PagePath } from '../pages.ts'
import type { Area } from './areas.ts'

/** Shell, sign-in and problems: what stands before there is a page, and on each of them. */
export const FIRST_WORDS: readonly Area[] = ['console']

/** What each page says beside that. */
export const PAGE_WORDS: Readonly<Record<PagePath | '/transparency', readonly Area[]>> = {
  '/wall': ['wall', 'picture', 'map', 'alarm', 'alarms', 'case', 'cases'],
  '/map': ['map', 'alarm', 'alarms'],
  '/alarms': ['alarm', 'alarms'],
  '/patrol': ['patrol', 'picture', 'alarm', 'case'],
  '/install': ['install', 'device', 'link', 'consent', 'picture'],
  '/handover': ['handover', 'alarm', 'case'],
  '/figures': ['figures', 'alarm'],
  '/health': ['health', 'picture', 'device', 'link'],
  '/links': ['links', 'link', 'consent'],
  '/audit': ['audit', 'picture', 'cases'],
  '/sources': ['sources', 'alarm'],
  '/channels': ['channels', 'cases'],
  '/users': ['people'],
  '/settings': ['settings', 'link', 'alarm'],
  '/gallery': ['gallery', 'wall', 'picture', 'map', 'alarm', 'alarms', 'case', 'cases'],
  '/owner': ['owner', 'consent', 'picture'],
  '/transparency': ['transparency'],
}
