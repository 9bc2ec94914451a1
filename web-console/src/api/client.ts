import type { ZodType } from 'zod'

/** What the gateway said when it said no (RFC 9457). */
export interface ProblemAnswer {
  status: number
  code: string
  title?: string
  detail?: string
  nextStep?: string
}

/** Every call ends in one of these; nothing is thrown at a screen. */
export type Answer<T> =
  | { kind: 'ok'; data: T }
  | { kind: 'problem'; problem: ProblemAnswer }
  | { kind: 'offline' }
  | { kind: 'aborted' }

/** The problem of a failed call; a lost link is one too. */
export const failureOf = (answer: Answer<unknown>): ProblemAnswer | undefined =>
  answer.kind === 'problem' ? answer.problem : answer.kind === 'offline' ? { status: 0, code: 'offline' } : undefined

/** Longer than the gateway's own slowest step, the probe of a camera that answers late. */
const TIMEOUT_MS = 45_000

export interface CallOptions {
  body?: unknown
  /** Sent as it is, under its own type. */
  file?: Blob
  query?: Readonly<Record<string, string | number | undefined>>
  signal?: AbortSignal
  /** The answer comes line by line; what is told before the last line goes here, and takes as long as it takes. */
  onLine?: (line: unknown) => void
  /** Lets the request outlive the page, for what must be said while it closes. */
  keepalive?: boolean
}

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'

export interface Client {
  call<T>(method: Method, path: string, schema: ZodType<T>, options?: CallOptions): Promise<Answer<T>>
  /** For answers without a body. */
  send(method: Method, path: string, options?: CallOptions): Promise<Answer<undefined>>
  /** Repeated on every write, as the gateway asks of cookie sessions. */
  setCsrfToken(token: string | undefined): void
}

export interface ClientOptions {
  language: () => string
  /** Called on 401 of anything but a sign-in. */
  onSignedOut: () => void
}

export function createClient({ language, onSignedOut }: ClientOptions): Client {
  let csrfToken: string | undefined

  async function request(method: Method, path: string, options: CallOptions): Promise<Answer<unknown>> {
    const { onLine } = options
    const accept = onLine === undefined ? 'application/json' : 'application/x-ndjson'
    const headers: Record<string, string> = { accept, 'accept-language': language() }
    if (options.body !== undefined) headers['content-type'] = 'application/json'
    if (method !== 'GET' && csrfToken !== undefined) headers['x-csrf-token'] = csrfToken
    const timeout = onLine === undefined ? [AbortSignal.timeout(TIMEOUT_MS)] : []
    const signal = AbortSignal.any([...(options.signal === undefined ? [] : [options.signal]), ...timeout])
    try {
      const response = await fetch(withQuery(path, options.query), {
        method,
        headers,
        signal,
        credentials: 'same-origin',
        cache: 'no-store',
        ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
        ...(options.file === undefined ? {} : { body: options.file }),
        ...(options.keepalive ? { keepalive: true } : {}),
      })
      const text = onLine === undefined || !response.ok ? await response.text() : await lastLine(response, onLine)
      const json = parseJson(text)
      if (response.ok) return { kind: 'ok', data: json }
      const problem = toProblem(response.status, json)
      if (problem.code === 'not-signed-in') onSignedOut()
      return { kind: 'problem', problem }
    } catch {
      // fetch rejects for an abort and for a network that is not there, and for nothing else here.
      return options.signal?.aborted ? { kind: 'aborted' } : { kind: 'offline' }
    }
  }

  return {
    async call(method, path, schema, options = {}) {
      const answer = await request(method, path, options)
      if (answer.kind !== 'ok') return answer
      const parsed = schema.safeParse(answer.data)
      if (parsed.success) return { kind: 'ok', data: parsed.data }
      const [issue] = parsed.error.issues
      const detail = `${method} ${path}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`
      return { kind: 'problem', problem: { status: 200, code: 'answer-not-understood', detail } }
    },
    async send(method, path, options = {}) {
      const answer = await request(method, path, options)
      return answer.kind === 'ok' ? { kind: 'ok', data: undefined } : answer
    },
    setCsrfToken: (token) => {
      csrfToken = token
    },
  }
}

/** Tells the lines as they come. @returns the last of them */
async function lastLine({ body }: Response, onLine: (line: unknown) => void): Promise<string> {
  let rest = ''
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
    if (done) return rest
    const lines = (rest + value).split('\n').filter((line) => line !== '')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(parseJson(line))
  }
}

const PAGE_LIMIT = 500
/** 500 × 40 cameras is more than any township has; a cursor that never ends must not hold the page. */
const MAX_PAGES = 40

/** All pages of a list. */
export async function allPages<T>(
  client: Client,
  path: string,
  schema: ZodType<{ items: T[]; nextCursor?: string | undefined }>,
  query: CallOptions['query'] = {},
  signal?: AbortSignal,
): Promise<Answer<T[]>> {
  const items: T[] = []
  let cursor: string | undefined
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const options = { query: { limit: PAGE_LIMIT, ...query, cursor }, ...(signal ? { signal } : {}) }
    const answer = await client.call('GET', path, schema, options)
    if (answer.kind !== 'ok') return answer
    items.push(...answer.data.items)
    cursor = answer.data.nextCursor
    if (cursor === undefined) break
  }
  return { kind: 'ok', data: items }
}

function withQuery(path: string, query: CallOptions['query'] = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, String(value)] as [string, string]],
  )
  return pairs.length === 0 ? path : `${path}?${new URLSearchParams(pairs)}`
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function toProblem(status: number, json: unknown): ProblemAnswer {
  const fields: Record<string, unknown> = typeof json === 'object' && json !== null ? { ...json } : {}
  const text = (name: string): string | undefined => (typeof fields[name] === 'string' ? fields[name] : undefined)
  const [title, detail, nextStep] = [text('title'), text('detail'), text('nextStep')]
  return {
    status,
    code: text('code') ?? 'answer-not-understood',
    ...(title === undefined ? {} : { title }),
    ...(detail === undefined ? {} : { detail }),
    ...(nextStep === undefined ? {} : { nextStep }),
  }
}
