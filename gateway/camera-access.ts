import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type Clock, systemClock } from './clock.ts'
import type { Config } from './config.ts'
import { createDialer, type Dialer } from './dial.ts'
import type { DeviceProfile } from './probe/device-profile.ts'
import { readProfiles } from './probe/profile-files.ts'
import type { DescribeStream, StreamDescribed } from './probe/stream-check.ts'
import { describe, type StreamDescription } from './relay/describe.ts'
import { createVault, loadMasterKeys, type Vault } from './vault.ts'

/** How cameras are reached, recognised, looked at and logged into: the same for the gateway and for its commands. */
export interface CameraAccess {
  dialer: Dialer
  vault: Vault
  randomBytes: (count: number) => Buffer
  profiles: readonly DeviceProfile[]
  describeStream: DescribeStream
}

/** @throws when the master key or a device profile cannot be read */
export function cameraAccess(
  { masterKeyFile, cameraNetworks }: Pick<Config, 'masterKeyFile' | 'cameraNetworks'>,
  clock: Clock = systemClock,
): CameraAccess {
  const dialer = createDialer(cameraNetworks)
  const read = readProfiles(join(import.meta.dirname, '../device-profiles/cameras'))
  if (!read.ok) throw new Error(`device profiles: ${read.faults.join('; ')}`)
  return {
    dialer,
    vault: createVault(loadMasterKeys(masterKeyFile)),
    randomBytes,
    profiles: read.profiles,
    describeStream: describeStreamBy(dialer, clock),
  }
}

/** Longer than what is told to be too long. */
const KEY_FRAMES_MS = 3_000

/** The media plane as the register sees it. */
export function describeStreamBy(dialer: Dialer, clock: Clock): DescribeStream {
  return async ({ watchKeyFrames, ...source }, signal) => {
    const look = watchKeyFrames === true ? { keyFramesMs: KEY_FRAMES_MS } : {}
    return playedVideo(await describe(source, { dialer, clock, play: true, ...look }, signal))
  }
}

/** The picture that was played, in the registry's terms. */
function playedVideo(described: StreamDescription): StreamDescribed | { ok: false; code: string; detail: string } {
  if (!described.ok) return { ok: false, ...described.fault }
  const { tracks, firstFrameMs, keyFrames, certificate } = described
  const { encoding, width, height, frameRate } = tracks.find(({ codec }) => codec !== undefined) ?? {}
  if (width === undefined || height === undefined || firstFrameMs === undefined) {
    return { ok: false, code: 'no-key-frame', detail: 'the stream was described and no picture came' }
  }
  const codec = encoding === 'JPEG' ? 'mjpeg' : encoding === 'H265' ? 'h265' : 'h264'
  return {
    ok: true,
    codec,
    width,
    height,
    firstFrameMs,
    ...(certificate === undefined ? {} : { certificate }),
    ...(frameRate === undefined ? {} : { frameRate }),
    ...(keyFrames === undefined ? {} : { keyFrames }),
  }
}
