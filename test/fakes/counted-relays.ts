import type { LiveChunk, RelayLease, RelayPool } from '../../gateway/views/sources.ts'

export interface CountedRelays extends RelayPool {
  /** Blocking reloads that wait for their answer now. */
  readonly waiting: number
  /** Leases, and media, that are lent and not given back. */
  readonly leases: number
  readonly lent: number
  /** Live subscriptions that are open. */
  readonly subscribers: number
  /** Media given back more than once. */
  readonly twice: number
  /** Media lent so far. */
  readonly everLent: number
  /** Resolves as soon as exactly so many of them wait. */
  untilWaiting(reads: number): Promise<void>
}

/** The real pool, with a count of what is lent and given back. */
export function counted(pool: RelayPool): CountedRelays {
  const count = { waiting: 0, leases: 0, subscribers: 0, lent: 0, twice: 0, everLent: 0 }
  const wanted: { reads: number; wake: () => void }[] = []
  const countedChunk = (chunk: LiveChunk): LiveChunk => {
    let holds = 0
    return {
      facts: chunk.facts,
      buffers: chunk.buffers,
      sizeBytes: chunk.sizeBytes,
      retain: () => {
        holds += 1
        count.lent += 1
        count.everLent += 1
        return chunk.retain()
      },
      release: () => {
        if (holds === 0) count.twice += 1
        holds -= 1
        count.lent -= 1
        chunk.release()
      },
    }
  }
  const changeWaiting = (by: 1 | -1): void => {
    count.waiting += by
    for (const { reads, wake } of wanted) if (count.waiting === reads) wake()
  }
  return {
    get waiting() {
      return count.waiting
    },
    get leases() {
      return count.leases
    },
    get subscribers() {
      return count.subscribers
    },
    get lent() {
      return count.lent
    },
    get twice() {
      return count.twice
    },
    get everLent() {
      return count.everLent
    },
    untilWaiting: (reads) =>
      count.waiting === reads ? Promise.resolve() : new Promise((wake) => wanted.push({ reads, wake })),
    acquire: (...stream) => lent(pool.acquire(...stream)),
    transcoded: (...stream) => {
      const lease = pool.transcoded(...stream)
      return lease && lent(lease)
    },
  }

  function lent({ relay, release }: RelayLease): RelayLease {
    count.leases += 1
    return {
      relay: {
        ready: (signal) => relay.ready(signal),
        snapshot: (signal) => relay.snapshot(signal),
        health: () => relay.health(),
        subscribeSound: (sink) => relay.subscribeSound(sink),
        subscribe: (sink) => {
          count.subscribers += 1
          const end = relay.subscribe({
            init: (init) => sink.init(init),
            end: () => sink.end(),
            chunk: (chunk, isPast) => sink.chunk(countedChunk(chunk), isPast),
          })
          let isOpen = true
          return () => {
            if (isOpen) count.subscribers -= 1
            isOpen = false
            end()
          }
        },
        read: async (path, reload, ending) => {
          const isBlocking = reload.msn !== undefined
          if (isBlocking) changeWaiting(1)
          const reading = Promise.resolve(relay.read(path, reload, ending))
          const answer = await reading.finally(() => isBlocking && changeWaiting(-1))
          if (answer.kind === 'refused') return answer
          count.lent += 1
          count.everLent += 1
          let held = true
          return {
            ...answer,
            release: () => {
              if (held) count.lent -= 1
              else count.twice += 1
              held = false
              answer.release()
            },
          }
        },
      },
      release: () => {
        count.leases -= 1
        release()
      },
    }
  }
}
