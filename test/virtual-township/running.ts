import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'
import { startTownship, type Township, type TownshipOptions } from '../../scripts/virtual-township/township.ts'

/** Clips are kept between test runs; they are keyed by all that decides them. */
export const MEDIA_DIR = resolve(import.meta.dirname, '../../node_modules/.cache/virtual-township')

/** A reason to skip, or false: the clips are drawn by ffmpeg. */
export const lacksFfmpeg = ((): string | false => {
  try {
    execFileSync('ffmpeg', ['-version'], { stdio: 'ignore' })
    return false
  } catch {
    return 'ffmpeg is not installed'
  }
})()

/** Some devices of our township on addresses and ports of this test's own. */
export function open(
  addressBase: string,
  only: readonly string[],
  more: Partial<TownshipOptions> = {},
): Promise<Township> {
  const { signal } = new AbortController()
  return startTownship({ mediaDir: MEDIA_DIR, signal, ports: 'free', addressBase, only, loopSeconds: 4, ...more })
}
