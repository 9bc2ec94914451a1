const NAMES: readonly [RegExp, string][] = [
  [/^(avc[13]|h264$)/, 'H.264'],
  [/^(h(vc|ev)1|h265$)/, 'H.265'],
  [/^jpeg$/, 'JPEG'],
]

/** What a camera's own page calls a codec, `H.264` for `avc1.4d401f` (RFC 6381) and for `h264`; another one as it came. */
export const codecName = (codec: string): string => NAMES.find(([pattern]) => pattern.test(codec))?.[1] ?? codec
