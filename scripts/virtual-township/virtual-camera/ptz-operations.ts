import type { CameraFacts, Operations } from './soap-service.ts'
import { find, NS } from './xml.ts'

/** What the head of the camera does; tests and installers look at it. */
export interface PtzState {
  isMoving: boolean
  pan: number
  tilt: number
  zoom: number
  preset?: string
}

const PRESETS = [
  ['1', '广场中央'],
  ['2', '镇政府门前'],
] as const

/** PTZ (ver20): moves until it is stopped, as careless cameras do. */
export function ptzOperations({ habits, profiles }: CameraFacts, state: PtzState): Operations {
  if (habits.paths.ptz === undefined) return {}
  const done = (name: 'ContinuousMove' | 'Stop' | 'GotoPreset'): { xml: string } => ({ xml: `<tptz:${name}Response/>` })
  const knows = (token: string | undefined): boolean => profiles.some((profile) => profile.token === token)
  const noProfile = { fault: 'ter:InvalidArgVal', text: 'NoProfile' }
  return {
    [`${NS.ptz} ContinuousMove`]: ({ body }) => {
      if (!knows(find(body, 'ProfileToken')?.text)) return noProfile
      const panTilt = find(body, 'PanTilt')?.attributes
      const zoom = find(body, 'Zoom')?.attributes
      state.isMoving = true
      state.pan = Number(panTilt?.get('x') ?? 0)
      state.tilt = Number(panTilt?.get('y') ?? 0)
      state.zoom = Number(zoom?.get('x') ?? 0)
      return done('ContinuousMove')
    },
    [`${NS.ptz} Stop`]: ({ body }) => {
      if (!knows(find(body, 'ProfileToken')?.text)) return noProfile
      state.isMoving = false
      state.pan = state.tilt = state.zoom = 0
      return done('Stop')
    },
    [`${NS.ptz} GotoPreset`]: ({ body }) => {
      const preset = find(body, 'PresetToken')?.text
      if (!PRESETS.some(([token]) => token === preset) || preset === undefined) {
        return { fault: 'ter:InvalidArgVal', text: 'NoToken' }
      }
      state.preset = preset
      return done('GotoPreset')
    },
    [`${NS.ptz} GetPresets`]: () => ({
      xml: `<tptz:GetPresetsResponse>${PRESETS.map(([token, name]) => `<tptz:Preset token="${token}"><tt:Name>${name}</tt:Name></tptz:Preset>`).join('')}</tptz:GetPresetsResponse>`,
    }),
    [`${NS.ptz} GetStatus`]: () => ({
      xml: `<tptz:GetStatusResponse><tptz:PTZStatus><tt:MoveStatus><tt:PanTilt>${state.isMoving ? 'MOVING' : 'IDLE'}</tt:PanTilt></tt:MoveStatus></tptz:PTZStatus></tptz:GetStatusResponse>`,
    }),
  }
}
