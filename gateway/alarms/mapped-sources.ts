import { AlarmType } from '../contracts/alarm.ts'
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

/** Which registered sources a topic belongs to. The database has them; this remembers them between two looks. */
export class MappedSources {
  readonly #database: Database
  readonly #mappings: ReadonlyMap<string, Mapping>
  readonly #listeners = new Set<() => void>()
  #sources: readonly RegisteredSource[] = []
  #filters: readonly string[] = []
  #remembered = new Map<string, readonly RegisteredSource[]>()

  constructor(database: Database, mappings: readonly Mapping[]) {
    this.#database = database
    this.#mappings = new Map(mappings.map((mapping) => [mapping.id, mapping]))
  }

  mapping(id: string): Mapping | undefined {
    return this.#mappings.get(id)
  }

  /** Looks again: here after a registration, and now and then for those of other nodes. */
  async refresh(): Promise<void> {
    const rows = await this.#database.client.alarmSource.findMany({
      where: { mapping: { not: null } },
      select: { id: true, cellCode: true, mapping: true, topic: true, device: true, alarmType: true },
      orderBy: { id: 'asc' },
    })
    this.#sources = rows.flatMap(({ mapping, topic, device, alarmType, ...row }) => {
      const known = this.#mappings.get(mapping ?? '')
      const type = AlarmType.safeParse(alarmType)
      if (known === undefined) return []
      return {
        ...row,
        mapping: known,
        topic: topic ?? undefined,
        device: device ?? undefined,
        alarmType: type.success ? type.data : undefined,
      }
    })
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
    return this.#sources.find((source) => source.id === id)
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

  /** Other sources whose topics a new one would share, whoever of the two began. */
  sharing(mapping: Mapping, topic: string): RegisteredSource[] {
    const wanted = topicsOf(mapping, topic)
    return this.#sources.filter(
      (other) =>
        other.topic !== undefined &&
        topicsOf(other.mapping, other.topic).some((filter) => wanted.some((mine) => overlap(filter, mine))),
    )
  }
}
