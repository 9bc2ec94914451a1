import { type Signal, signal } from '@preact/signals'
import { z } from 'zod'
import { Camera, PlaceClass, Position } from '../../../gateway/contracts/camera.ts'
import { Ownership } from '../../../gateway/contracts/common.ts'
import { DeviceOverrides, type ProbedChannel } from '../../../gateway/contracts/device.ts'
import type { NewLinkAnswer } from '../../../gateway/contracts/link.ts'

const STORAGE_KEY = 'gridlight.install'

/** What outlives a reload or a dead zone; never a password. */
const Stored = z.object({
  texts: z.object({
    cellCode: z.string(),
    address: z.string(),
    mainUri: z.string(),
    subUri: z.string(),
    username: z.string(),
    name: z.string(),
    party: z.string(),
    contact: z.string(),
    basis: z.string(),
    purpose: z.string(),
  }),
  answers: z.object({
    forbidden: z.enum(['yes', 'no']).optional(),
    placeClass: PlaceClass.optional(),
    ownership: Ownership.optional(),
    position: Position.optional(),
    overrides: DeviceOverrides.optional(),
  }),
  /** Where to go on: at the device's login, or with the link of a camera that is registered already. */
  resume: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('device') }),
    z.object({ kind: z.literal('login') }),
    z.object({ kind: z.literal('link'), camera: Camera }),
  ]),
})
type Stored = z.infer<typeof Stored>
type Texts = Stored['texts']

const EMPTY: Stored = {
  texts: {
    cellCode: '',
    address: '',
    mainUri: '',
    subUri: '',
    username: 'admin',
    name: '',
    party: '',
    contact: '',
    basis: '',
    purpose: '',
  },
  answers: {},
  resume: { kind: 'device' },
}

/** What is to be registered: a channel of a device that was probed, or streams that somebody typed. */
export type Chosen = { kind: 'onvif'; channel: ProbedChannel; ofSeveral: boolean } | { kind: 'rtsp' }

export type Step =
  | { kind: 'device' }
  | { kind: 'login' }
  | { kind: 'details'; chosen: Chosen }
  | { kind: 'link'; camera: Camera }
  | { kind: 'done'; camera: Camera; link: NewLinkAnswer | undefined }

export interface Draft {
  readonly step: Signal<Step>
  readonly fields: { readonly [Name in keyof Texts]: Signal<string> }
  readonly forbidden: Signal<'yes' | 'no' | undefined>
  readonly placeClass: Signal<PlaceClass | undefined>
  readonly ownership: Signal<Ownership | undefined>
  readonly position: Signal<Position | undefined>
  /** What the installer says otherwise than the device profile. */
  readonly overrides: Signal<DeviceOverrides>
  /** Kept in this page's memory only. */
  readonly password: Signal<string>
  save(): void
  /** The next camera: cell, user name, party and kind of place stay, for cameras come in rows. */
  next(): void
}

export function createDraft(storage: Pick<Storage, 'getItem' | 'setItem'>): Draft {
  const { texts, answers, resume } = read(storage)
  const fields: Draft['fields'] = {
    cellCode: signal(texts.cellCode),
    address: signal(texts.address),
    mainUri: signal(texts.mainUri),
    subUri: signal(texts.subUri),
    username: signal(texts.username),
    name: signal(texts.name),
    party: signal(texts.party),
    contact: signal(texts.contact),
    basis: signal(texts.basis),
    purpose: signal(texts.purpose),
  }
  const forbidden = signal(answers.forbidden)
  const placeClass = signal(answers.placeClass)
  const ownership = signal(answers.ownership)
  const position = signal(answers.position)
  const overrides = signal(answers.overrides ?? {})
  const step = signal<Step>(resume)
  const password = signal('')

  const save = (): void => {
    const values = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.value]))
    const stored = {
      texts: values,
      answers: {
        forbidden: forbidden.value,
        placeClass: placeClass.value,
        ownership: ownership.value,
        position: position.value,
        overrides: overrides.value,
      },
      resume: resumeOf(step.value),
    }
    storage.setItem(STORAGE_KEY, JSON.stringify(stored))
  }
  return {
    step,
    fields,
    forbidden,
    placeClass,
    ownership,
    position,
    overrides,
    password,
    save,
    next() {
      for (const name of ['address', 'mainUri', 'subUri', 'name'] as const) fields[name].value = ''
      forbidden.value = undefined
      position.value = undefined
      // Said of one device; another may not be given its password to read.
      overrides.value = {}
      step.value = { kind: 'device' }
      save()
    },
  }
}

/** What the device said is asked anew, since the password was not kept; a registered camera needs none. */
function resumeOf(step: Step): Stored['resume'] {
  if (step.kind === 'link') return step
  if (step.kind === 'login') return { kind: 'login' }
  if (step.kind === 'details') return { kind: step.chosen.kind === 'onvif' ? 'login' : 'device' }
  return { kind: 'device' }
}

function read(storage: Pick<Storage, 'getItem'>): Stored {
  try {
    const parsed = Stored.safeParse(JSON.parse(storage.getItem(STORAGE_KEY) ?? ''))
    return parsed.success ? parsed.data : EMPTY
  } catch {
    return EMPTY
  }
}
