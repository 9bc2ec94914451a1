import { TIME_ZONE } from '../contracts/common.ts'

/** The township's calendar decides to which year a case belongs. */
const YEAR = new Intl.DateTimeFormat('en', { timeZone: TIME_ZONE, year: 'numeric' })

/** Numbers of cases: `0017` of a cell and year. */
export const numberOf = {
  year: (at: Date): number => Number(YEAR.format(at)),
  text: (number: number): string => String(number).padStart(4, '0'),
}
