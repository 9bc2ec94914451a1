import { type Signal, signal } from '@preact/signals'
import { z } from 'zod'
import type { Camera } from '../../../gateway/contracts/camera.ts'
import type { Probe, ProbedChannel } from '../../../gateway/contracts/device.ts'
import type { NewLinkAnswer } from '../../../gateway/contracts/link.ts'

const STORAGE_KEY = 'gridlight.install'

/** What outlives a reload or a dead zone; never a password. */
const Stored = z.object({
  cellCode: z.string(),
  address: z.string(),
  username: z.string(),
  name: z.string(),
  party: z.string(),
  contact: z.string(),
  basis: z.string(),
  purpose: z.string(),
})
type Stored = z.infer<typeof Stored>
const EMPTY: Stored = {
  cellCode: '',
  address: '',
  username: 'admin',
  name: '',
  party: '',
  contact: '',
  basis: '',
  purpose: '',
}

export type Step =
  | { kind: 'device' }
  | { kind: 'login' }
  | { kind: 'details'; probe: Probe; channel: ProbedChannel }
  | { kind: 'link'; camera: Camera }
  | { kind: 'done'; camera: Camera; link: NewLinkAnswer | undefined }

type Fields = { readonly [Name in keyof Stored]: Signal<string> }
export interface Draft {
  readonly step: Signal<Step>
  readonly fields: Fields
  /** Kept in this page's memory only. */
  readonly password: Signal<string>
  save(): void
  /** The next camera: cell, user name and party stay, for cameras come in rows. */
  next(): void
}

export function createDraft(storage: Pick<Storage, 'getItem' | 'setItem'>): Draft {
  const stored = read(storage)
  const fields: Fields = {
    cellCode: signal(stored.cellCode),
    address: signal(stored.address),
    username: signal(stored.username),
    name: signal(stored.name),
    party: signal(stored.party),
    contact: signal(stored.contact),
    basis: signal(stored.basis),
    purpose: signal(stored.purpose),
  }
  const step = signal<Step>({ kind: 'device' })
  const password = signal('')
  const save = (): void => {
    const values = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.value]))
    storage.setItem(STORAGE_KEY, JSON.stringify(values))
  }
  return {
    step,
    fields,
    password,
    save,
    next() {
      fields.address.value = ''
      fields.name.value = ''
      step.value = { kind: 'device' }
      save()
    },
  }
}

function read(storage: Pick<Storage, 'getItem'>): Stored {
  try {
    const parsed = Stored.safeParse(JSON.parse(storage.getItem(STORAGE_KEY) ?? ''))
    return parsed.success ? parsed.data : EMPTY
  } catch {
    return EMPTY
  }
}
