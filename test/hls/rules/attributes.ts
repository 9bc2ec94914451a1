import type { Faults } from './fault.ts'

/** An attribute list (§4.2): names are upper case, none comes twice, quoted strings hold no line break or quote. */
export function attributes(text: string, rule: string, faults: Faults): Map<string, string> {
  const found = new Map<string, string>()
  let rest = text
  while (rest !== '') {
    const [whole, name = '', value = ''] = /^([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s]+)(?:,|$)/.exec(rest) ?? []
    if (whole === undefined) {
      faults.push({ rule: '4.2', why: `not an attribute list: ${text}` })
      return found
    }
    if (found.has(name)) faults.push({ rule: '4.2', why: `${name} comes twice in ${rule}` })
    found.set(name, value)
    rest = rest.slice(whole.length)
  }
  return found
}

/** A quoted string without its quotes. */
export function quoted(value: string | undefined, what: string, rule: string, faults: Faults): string | undefined {
  const inside = /^"(.*)"$/.exec(value ?? '')?.[1]
  if (inside === undefined) faults.push({ rule, why: `${what} is not a quoted string` })
  return inside
}

/** A decimal floating-point number, seconds mostly. */
export function decimal(value: string | undefined, what: string, rule: string, faults: Faults): number {
  if (value !== undefined && /^\d+(?:\.\d+)?$/.test(value)) return Number(value)
  faults.push({ rule, why: `${what} is not a decimal number: ${value}` })
  return Number.NaN
}

export function integer(value: string | undefined, what: string, rule: string, faults: Faults): number {
  if (value !== undefined && /^\d{1,20}$/.test(value)) return Number(value)
  faults.push({ rule, why: `${what} is not a decimal integer: ${value}` })
  return Number.NaN
}
