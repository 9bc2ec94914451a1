import { page } from '../../../gateway/contracts/common.ts'
import { Handover, HandoverMatters, type NewHandover, NewHandoverAnswer } from '../../../gateway/contracts/handover.ts'
import type { Client } from '../api/client.ts'

const API = '/api/v1/handovers'

export const createHandoverCalls = (client: Client) => ({
  matters: (signal: AbortSignal) => client.call('GET', `${API}/matters`, HandoverMatters, { signal }),
  handOver: (body: NewHandover) => client.call('POST', API, NewHandoverAnswer, { body }),
  handovers: (limit: number, signal: AbortSignal) =>
    client.call('GET', API, page(Handover), { query: { limit }, signal }),
})
