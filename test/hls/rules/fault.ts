/** What a playlist does that it must not, with the section that forbids it. */
export interface Fault {
  /** Section of RFC 8216bis (draft-pantos-hls-rfc8216bis), or of Apple's authoring specification. */
  rule: string
  why: string
}

export type Faults = Fault[]

export const told = (faults: readonly Fault[]): string => faults.map(({ rule, why }) => `${rule}: ${why}`).join('\n')
