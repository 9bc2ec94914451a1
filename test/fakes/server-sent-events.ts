export interface ServerSentEvent {
  id: string
  event: string
  // The tests look into what the gateway sent; its shape is what they check.
  data: Record<string, unknown>
}

/** A reader of `text/event-stream` (WHATWG HTML §9.2.6); `next` waits for the next event that carries data. */
export interface ServerSentEvents {
  next(): Promise<ServerSentEvent>
  /** Whether the server ended the stream cleanly. */
  ended(): Promise<boolean>
  close(): void
}

export async function readServerSentEvents(url: string, headers: Record<string, string>): Promise<ServerSentEvents> {
  const abort = new AbortController()
  const response = await fetch(url, { headers, signal: abort.signal })
  if (response.status !== 200 || response.body === null) throw new Error(`${url} answered ${response.status}`)
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  let id = ''

  const nextBlock = async (): Promise<string | undefined> => {
    for (;;) {
      const end = text.indexOf('\n\n')
      if (end !== -1) {
        const block = text.slice(0, end)
        text = text.slice(end + 2)
        return block
      }
      const { done, value } = await reader.read()
      if (done) return undefined
      text += value
    }
  }
  // The opening block says that the server listens for this reader.
  await nextBlock()

  const next = async (): Promise<ServerSentEvent | undefined> => {
    for (;;) {
      const block = await nextBlock()
      if (block === undefined) return undefined
      const fields = new Map(block.split('\n').map((line) => line.split(/: ?(.*)/s, 2) as [string, string]))
      id = fields.get('id') ?? id
      const data = fields.get('data')
      if (data !== undefined) return { id, event: fields.get('event') ?? 'message', data: JSON.parse(data) }
    }
  }

  return {
    next: async () => {
      const event = await next()
      if (event === undefined) throw new Error('the stream ended')
      return event
    },
    ended: async () => (await next()) === undefined,
    close: () => abort.abort(),
  }
}
