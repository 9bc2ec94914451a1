import { loadavg } from 'node:os'
import { quantile } from './alarm-load.ts'

interface Row {
  title: string
  name: string
  cells: readonly string[]
  bar: string
  isHeld: boolean
}

const QUANTILES = [0.5, 0.95, 0.99, 1]

/** What was measured beside what it may be at the most, in one table at the end. */
export class Bars {
  readonly #rows: Row[] = []

  /** @param bar the share of `ms` that may take no longer; 1 is the longest */
  times(title: string, name: string, ms: readonly number[], bar: { share: number; ms: number }): void {
    const cells = [...QUANTILES.map((share) => quantile(ms, share).toFixed(0)), String(ms.length)]
    const of = bar.share === 1 ? 'max' : `p${bar.share * 100}`
    const isHeld = quantile(ms, bar.share) <= bar.ms
    this.#rows.push({ title, name, cells, bar: `${of} <= ${bar.ms} ms`, isHeld })
  }

  count(title: string, name: string, found: number, most: number): void {
    this.#rows.push({ title, name, cells: ['', '', '', '', String(found)], bar: `<= ${most}`, isHeld: found <= most })
  }

  /** @param least a second */
  rate(title: string, name: string, perSecond: number, least: number): void {
    const cells = ['', '', '', '', perSecond.toFixed(0)]
    this.#rows.push({ title, name, cells, bar: `>= ${least}/s`, isHeld: perSecond >= least })
  }

  areHeld(): boolean {
    return this.#rows.every(({ isHeld }) => isHeld)
  }

  print(heading: string): void {
    const load = loadavg()
      .map((one) => one.toFixed(1))
      .join(', ')
    console.log(`\n${heading}; load average ${load}; ms`)
    const line = (cells: readonly string[]): string =>
      cells.map((cell, at) => (at < 2 ? cell.padEnd(at === 0 ? 21 : 31) : cell.padStart(at < 7 ? 7 : 15))).join(' ')
    console.log(line(['', '', 'p50', 'p95', 'p99', 'max', 'n', 'bar', '']))
    for (const { title, name, cells, bar, isHeld } of this.#rows) {
      console.log(line([title, name, ...cells, bar, isHeld ? 'ok' : 'MISSED']))
    }
  }
}
