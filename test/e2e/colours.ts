import type { Locator } from 'playwright-core'

/** sRGB, 0 to 255 each. */
export type Rgb = readonly [red: number, green: number, blue: number]

/** What somebody sees of a badge. */
export interface BadgeLook {
  ground: Rgb
  fill: Rgb
  /** What stands out most in the middle. */
  glyph: Rgb
  /** Which pixels are not the ground, row by row. */
  shape: boolean[]
  /** Pixels of a row. */
  width: number
}

interface Region {
  x: number
  y: number
  width: number
  height: number
}

type Pixel = [number, number, number]

/** Pixels of regions of a PNG, row by row. */
const CUT = `async (base64, regions) => {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
  const picture = await createImageBitmap(new Blob([bytes]))
  const canvas = new OffscreenCanvas(picture.width, picture.height).getContext('2d')
  canvas.drawImage(picture, 0, 0)
  return regions.map(({ x, y, width, height }) => {
    const { data } = canvas.getImageData(x, y, width, height)
    return Array.from({ length: width * height }, (_, at) => [...data.slice(4 * at, 4 * at + 3)])
  })
}`

/** Takes one picture of a place as it is on the screen, and looks at the badges in it. */
export async function looksOf(place: Locator, badges: readonly Locator[]): Promise<BadgeLook[]> {
  const base64 = (await place.screenshot()).toString('base64')
  const [corner, ...boxes] = await Promise.all([place, ...badges].map((one) => one.boundingBox()))
  const regions = boxes.map((box): Region => {
    if (box === null || corner == null) throw new Error('a badge that is not on the screen')
    const [x, y] = [Math.round(box.x - corner.x), Math.round(box.y - corner.y)]
    return { x, y, width: Math.round(box.width), height: Math.round(box.height) }
  })
  const cut = await place.page().evaluate<Pixel[][]>(`(${CUT})('${base64}', ${JSON.stringify(regions)})`)
  return cut.map((pixels, at) => lookOf(pixels, regions[at]?.width ?? 1))
}

function lookOf(pixels: readonly Pixel[], width: number): BadgeLook {
  const height = pixels.length / width
  const [ground = [0, 0, 0]] = pixels
  const shape = pixels.map((pixel) => deltaE(pixel, ground) > 5)
  const counts = new Map<string, number>()
  for (const [at, pixel] of pixels.entries()) {
    if (shape[at]) counts.set(pixel.join(), (counts.get(pixel.join()) ?? 0) + 1)
  }
  const [commonest = '0,0,0'] = [...counts].sort(([, a], [, b]) => b - a)[0] ?? []
  const [red = 0, green = 0, blue = 0] = commonest.split(',').map(Number)
  const fill: Rgb = [red, green, blue]
  const inMiddle = pixels.filter((_, at) => {
    const [x, y] = [(at % width) / width, Math.floor(at / width) / height]
    return x > 0.35 && x < 0.65 && y > 0.4 && y < 0.75
  })
  const glyph = inMiddle.reduce((best, pixel) => (contrast(pixel, fill) > contrast(best, fill) ? pixel : best), fill)
  return { ground, fill, glyph, shape, width }
}

/** Which part of the outermost pixels, so many deep, is not the ground: what a border paints. */
export function borderShare({ shape, width }: BadgeLook, depthPx: number): number {
  const height = shape.length / width
  const outer = shape.filter((_, at) => {
    const [x, y] = [at % width, Math.floor(at / width)]
    return Math.min(x, y, width - 1 - x, height - 1 - y) < depthPx
  })
  return outer.filter(Boolean).length / outer.length
}

/**
 * How thick the border of a control is on the screen, pixels: on its left, at half its height, up to where its ground is
 * `insidePx` from the edge.
 */
export async function borderPx(control: Locator, insidePx: number): Promise<number> {
  const base64 = (await control.screenshot()).toString('base64')
  const box = await control.boundingBox()
  if (box === null) throw new Error('a control that is not on the screen')
  const row: Region = { x: 0, y: Math.round(box.height / 2), width: insidePx, height: 1 }
  const [pixels = []] = await control.page().evaluate<Pixel[][]>(`(${CUT})('${base64}', ${JSON.stringify([row])})`)
  const ground = pixels.at(-1)
  if (ground === undefined) throw new Error('a control without pixels')
  return pixels.filter((pixel) => deltaE(pixel, ground) > 20).length
}

/** Share of the pixels in which two shapes differ. */
export const shapeDifference = (one: BadgeLook, other: BadgeLook): number =>
  one.shape.filter((isSet, at) => isSet !== other.shape[at]).length / one.shape.length

const linear = (value: number): number => {
  const share = value / 255
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
}

/** WCAG 2.2, contrast ratio. */
export function contrast(one: Rgb, other: Rgb): number {
  const luminance = ([r, g, b]: Rgb): number => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

/** CIE 1976 L*a*b* under D65. */
function lab([red, green, blue]: Rgb): [number, number, number] {
  const [r, g, b] = [linear(red), linear(green), linear(blue)]
  const f = (share: number): number => (share > 216 / 24389 ? Math.cbrt(share) : ((24389 / 27) * share + 16) / 116)
  const x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047)
  const y = f(0.2126729 * r + 0.7151522 * g + 0.072175 * b)
  const z = f((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883)
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)]
}

export const deltaE = (one: Rgb, other: Rgb): number => deltaE2000(lab(one), lab(other))

/** CIEDE2000 (Sharma, Wu, Dalal 2005) of two L*a*b* colours. */
function deltaE2000(one: readonly [number, number, number], other: readonly [number, number, number]): number {
  const degrees = (radians: number): number => ((radians * 180) / Math.PI + 360) % 360
  const cosine = (angle: number): number => Math.cos((angle * Math.PI) / 180)
  const [[l1, a1, b1], [l2, a2, b2]] = [one, other]
  const meanC7 = ((Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2) ** 7
  const stretch = 1.5 - 0.5 * Math.sqrt(meanC7 / (meanC7 + 25 ** 7))
  const [c1, c2] = [Math.hypot(a1 * stretch, b1), Math.hypot(a2 * stretch, b2)]
  const [h1, h2] = [degrees(Math.atan2(b1, a1 * stretch)), degrees(Math.atan2(b2, a2 * stretch))]
  const isGrey = c1 * c2 === 0
  const turn = isGrey ? 0 : ((h2 - h1 + 540) % 360) - 180
  const [dL, dC, dH] = [l2 - l1, c2 - c1, 2 * Math.sqrt(c1 * c2) * Math.sin((turn * Math.PI) / 360)]
  const meanL = (l1 + l2) / 2
  const meanC = (c1 + c2) / 2
  const meanH = isGrey ? h1 + h2 : Math.abs(h1 - h2) <= 180 ? (h1 + h2) / 2 : ((h1 + h2 + 360) / 2) % 360
  const t =
    1 -
    0.17 * cosine(meanH - 30) +
    0.24 * cosine(2 * meanH) +
    0.32 * cosine(3 * meanH + 6) -
    0.2 * cosine(4 * meanH - 63)
  const sL = 1 + (0.015 * (meanL - 50) ** 2) / Math.sqrt(20 + (meanL - 50) ** 2)
  const [sC, sH] = [1 + 0.045 * meanC, 1 + 0.015 * meanC * t]
  const around = 60 * Math.exp(-(((meanH - 275) / 25) ** 2))
  const rotation = -2 * Math.sqrt(meanC ** 7 / (meanC ** 7 + 25 ** 7)) * Math.sin((around * Math.PI) / 180)
  return Math.sqrt((dL / sL) ** 2 + (dC / sC) ** 2 + (dH / sH) ** 2 + rotation * (dC / sC) * (dH / sH))
}
