import { CaseTargets, DEFAULT_TARGETS } from '../contracts/case-figures.ts'
import type { Database, Tx } from '../storage/database.ts'

const SETTING = 'case-targets'

/** Another node's change is taken up within this time. */
export const TARGETS_REFRESH_MS = 60_000

/** Response targets of each priority; kept in memory, since every alarm asks for them. */
export class Targets {
  #current: CaseTargets = DEFAULT_TARGETS

  get current(): CaseTargets {
    return this.#current
  }

  /** How long a case of this priority may wait for somebody on site, ms. */
  respondMs(priority: number): number {
    const found = this.#current.items.find((item) => item.priority === priority)
    return (found?.respondSeconds ?? 0) * 1000
  }

  async load({ client }: Pick<Database, 'client'>): Promise<void> {
    const row = await client.setting.findUnique({ where: { name: SETTING } })
    this.#current = row === null ? DEFAULT_TARGETS : CaseTargets.parse(JSON.parse(row.value))
  }

  /** Cases that are open keep the time they were promised. */
  async save(tx: Tx, targets: CaseTargets): Promise<void> {
    const value = JSON.stringify(targets)
    await tx.setting.upsert({ where: { name: SETTING }, create: { name: SETTING, value }, update: { value } })
  }

  /** To be called once the change is committed. */
  use(targets: CaseTargets): void {
    this.#current = targets
  }
}
