import type { FastifyReply } from 'fastify'
import { Problem } from '../errors.ts'

/** A recorder that lists slowly, and its first picture. */
const WORK_TIMEOUT_MS = 90_000
/** Each talks to a camera for seconds. */
const MAX_AT_ONCE = 8

/** Work on cameras that somebody waits for: for as long as its asker waits, the gateway runs and patience lasts. */
export class CameraWork {
  readonly #stopping: AbortSignal
  #underWay = 0

  constructor(stopping: AbortSignal) {
    this.#stopping = stopping
  }

  /** @throws Problem when there is too much of it, or when it ends before its time */
  async run<T>(
    reply: FastifyReply,
    work: (signal: AbortSignal) => Promise<T>,
    timeoutMs = WORK_TIMEOUT_MS,
  ): Promise<T> {
    if (this.#underWay >= MAX_AT_ONCE)
      throw new Problem('too-many-requests', {
        zh: `已有 ${MAX_AT_ONCE} 台设备正在检测`,
        en: `${MAX_AT_ONCE} devices are being asked already`,
      })
    const gone = new AbortController()
    const leave = (): void => gone.abort()
    const patience = AbortSignal.timeout(timeoutMs)
    reply.raw.once('close', leave)
    this.#underWay += 1
    try {
      return await work(AbortSignal.any([gone.signal, patience, this.#stopping]))
    } catch (error) {
      if (this.#stopping.aborted) throw new Problem('not-ready', { zh: '网关正在停止', en: 'the gateway is stopping' })
      if (patience.aborted)
        throw new Problem('camera-unreachable', {
          zh: `${timeoutMs / 1000} 秒内没有结果`,
          en: `no result in ${timeoutMs / 1000} s`,
        })
      if (gone.signal.aborted) throw new Problem('invalid-request', { zh: '请求方已离开', en: 'the asker has gone' })
      throw error
    } finally {
      this.#underWay -= 1
      reply.raw.off('close', leave)
    }
  }
}
