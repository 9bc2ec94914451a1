import { z } from 'zod'

/** The township's: hours of links, days of figures and times on the screen are meant in it. */
export const TIME_ZONE = 'Asia/Shanghai'

/** ISO 8601, UTC, milliseconds: `2026-03-02T06:03:27.000Z`. */
export const Instant = z.iso.datetime({ precision: 3 })
export type Instant = z.infer<typeof Instant>

const FIRST_INSTANT_MS = Date.parse('0001-01-01T00:00:00.000Z')
const LAST_INSTANT_MS = Date.parse('9999-12-31T23:59:59.999Z')

/**
 * An instant as people write it; any offset and precision, answered as `Instant`. Its offset may carry it out of the
 * four-digit years, where no `Instant` could be written and PostgreSQL would refuse it.
 */
export const InstantInput = z.iso.datetime({ offset: true }).refine((text) => {
  const ms = Date.parse(text)
  return ms >= FIRST_INSTANT_MS && ms <= LAST_INSTANT_MS
}, 'lies outside the years 0001 to 9999, in UTC')

export const toInstant = (ms: number): Instant => new Date(ms).toISOString()

// sv-SE writes `2026-03-02 14:03:27`; h23 because hour12: false prints 24:00 in some locales.
const TOWNSHIP_TIME = new Intl.DateTimeFormat('sv-SE', {
  timeZone: TIME_ZONE,
  hourCycle: 'h23',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
})

/** `2026-03-02 14:03:27`, township time. */
export const townshipTime = (at: string | number | Date): string => TOWNSHIP_TIME.format(new Date(at))

/** Opaque identifier of a stored record. */
export const Id = z.uuid()
export type Id = z.infer<typeof Id>

/** A grid-cell or division code; its exact pattern is configuration. */
export const CellCode = z.string().regex(/^[0-9A-Za-z-]{2,32}$/)
export type CellCode = z.infer<typeof CellCode>

/** One line of text a person typed: trimmed, bounded, without control characters. */
export const Line = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}]*$/u, 'control characters are not allowed')

/** A paragraph a person typed; line breaks allowed. */
export const Paragraph = z
  .string()
  .trim()
  .min(1)
  .max(2000)
  .regex(/^(?:[^\p{Cc}]|\n|\t)*$/u, 'control characters are not allowed')

export const IdParams = z.strictObject({ id: Id })

/** Lists are pages: `items`, and a cursor while there is more. */
export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().optional() })

export const PageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().max(200).optional(),
})

export const Ownership = z.enum(['public', 'private'])
export type Ownership = z.infer<typeof Ownership>

/** What a file of data claims of a make, each with where it is from. */
export const Facts = z
  .array(
    z.strictObject({
      claim: z.string().min(1),
      /** H: raw capture or several reports; M: one good report or vendor page; L: a list on the web. */
      sure: z.enum(['H', 'M', 'L']),
      source: z.string().min(1),
      date: z.iso.date().optional(),
    }),
  )
  .min(1)
