import { AlarmType, Priority } from '../contracts/alarm.ts'
import { Problem } from '../errors.ts'
import type { Database } from '../storage/database.ts'
import type { MappedSource } from './map-message.ts'
import type { Mapping } from './mapping.ts'
import { covers, filterOf, matchPattern, overlap } from './topic-pattern.ts'

/** Topics whose sources are remembered; the devices of a township name some thousands. */
const MAX_REMEMBERED = 20_000
/** Topics of Gridlight itself and of brokers belong to nobody else. */
const RESERVED = ['gridlight/#', '$SYS/#', '$share/#']

export interface RegisteredSource extends MappedSource {
  id: string
  cellCode: string
  mapping: Mapping
}

/** Everything that a device of this mapping may publish to. */
export function topicsOf(mapping: Mapping, topic: string): string[] {
  return [...new Set([...mapping.rules.map(({ topic: pattern }) => pattern), ...mapping.publishes])].map((pattern) =>
    filterOf(pattern, topic),
  )
}

export const isReserved = (filter: string): boolean =>
  filter.startsWith('$') || RESERVED.some((reserved) => overlap(reserved, filter))

export const noMapping = (id: string): Problem =>
  new Problem('invalid-request', { zh: `mapping：没有映射“${id}”`, en: `mapping: there is no mapping '${id}'` })

/** What registrations say that must be known before a message is stored. The database has them; this remembers them between two looks. */
export class MappedSources {
  readonly #database: Database
  readonly #mappings: ReadonlyMap<string, Mapping>
  readonly #listeners = new Set<() => void>()
  #sources: readonly RegisteredSource[] = []
  #byId: ReadonlyMap<string, RegisteredSource> = new Map()
  #urgencies: ReadonlyMap<string, Priority> = new Map()
  #filters: readonly string[] = []
  #remembered = new Map<string, readonly RegisteredSource[]>()

  constructor(database: Database, mappings: readonly Mapping[]) {
    this.#database = database
    this.#mappings = new Map(mappings.map((mapping) => [mapping.id, mapping]))
  }

  mapping(id: string): Mapping | undefined {
    return this.#mappings.get(id)
  }

  /** Looks again: here after a registration or a change, and now and then for those of other nodes. */
  async refresh(): Promise<void> {
    const rows = await this.#database.client.alarmSource.findMany({
      where: { retiredAt: null, OR: [{ mapping: { not: null } }, { priority: { not: null } }] },
      select: { id: true, cellCode: true, mapping: true, topic: true, device: true, alarmType: true, priority: true },
      orderBy: { id: 'asc' },
    })
    this.#sources = rows.flatMap(({ mapping, topic, device, alarmType, priority, ...row }) => {
      const known = this.#mappings.get(mapping ?? '')
      if (known === undefined) return []
      return {
        ...row,
        mapping: known,
        topic: topic ?? undefined,
        device: device ?? undefined,
        alarmType: AlarmType.safeParse(alarmType).data,
        priority: Priority.safeParse(priority).data,
      }
    })
    this.#byId = new Map(this.#sources.map((source) => [source.id, source]))
    this.#urgencies = new Map(
      rows.flatMap(({ id, priority }) => {
        const read = Priority.safeParse(priority)
        return read.success ? [[id, read.data] as const] : []
      }),
    )
    const filters = [
      ...new Set(
        this.#sources.flatMap(({ mapping, topic }) =>
          topic === undefined ? [] : mapping.rules.map((rule) => filterOf(rule.topic, topic)),
        ),
      ),
    ].sort()
    this.#remembered = new Map()
    if (filters.join('\n') === this.#filters.join('\n')) return
    this.#filters = filters
    for (const listen of this.#listeners) listen()
  }

  /** What a client of an external broker subscribes to. */
  filters(): readonly string[] {
    return this.#filters
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  byId(id: string): RegisteredSource | undefined {
    return this.#byId.get(id)
  }

  /** What a registration says of the urgency of its alarms. */
  urgencyOf(id: string | undefined): Priority | undefined {
    return id === undefined ? undefined : this.#urgencies.get(id)
  }

  /** Sources that have a rule for this topic; one that names a device comes before one that takes the rest. */
  at(topic: string): readonly RegisteredSource[] {
    const known = this.#remembered.get(topic)
    if (known !== undefined) return known
    const found = this.#sources
      .filter(
        ({ mapping, topic: own }) =>
          own !== undefined && mapping.rules.some((rule) => matchPattern(rule.topic, own, topic) !== undefined),
      )
      .sort((a, b) => Number(a.device === undefined) - Number(b.device === undefined))
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear()
    this.#remembered.set(topic, found)
    return found
  }

  /** Whether a source speaks for itself on this topic; `nobodys` is heard by nobody and harms nobody. */
  claim(sourceId: string, topic: string): 'own' | 'anothers' | 'nobodys' {
    if (isReserved(topic)) return 'anothers'
    const source = this.byId(sourceId)
    if (source?.topic === undefined) return 'anothers'
    if (topicsOf(source.mapping, source.topic).some((filter) => covers(filter, topic))) return 'own'
    return this.at(topic).length > 0 ? 'anothers' : 'nobodys'
  }

  /** Other sources whose topics this one would share, whoever of the two began. */
  sharing(mapping: Mapping, topic: string, ownId: string | undefined): RegisteredSource[] {
    const wanted = topicsOf(mapping, topic)
    return this.#sources.filter(
      (other) =>
        other.id !== ownId &&
        other.topic !== undefined &&
        topicsOf(other.mapping, other.topic).some((filter) => wanted.some((mine) => overlap(filter, mine))),
    )
  }
}
