import type { FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { Problem, type ProblemCode, problemDocument } from '../errors.ts'
import { asGiven } from '../words.ts'
import { AnswerHead, type Body } from './exchange.ts'

const FASTIFY_CODES: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid-request',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid-request',
}

/** What a request failed with, as the problem it is answered with. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (hasZodFastifySchemaValidationErrors(error)) {
    const faults = error.validation.map(
      (fault) => `${fault.instancePath.replaceAll('/', '.').replace(/^\./, '') || 'request'}: ${fault.message}`,
    )
    return new Problem('invalid-request', asGiven(`${error.validationContext ?? 'request'}: ${faults.join('; ')}`))
  }
  const { code, statusCode, message } = error as { code?: string; statusCode?: number; message?: string }
  const known = code === undefined ? undefined : FASTIFY_CODES[code]
  const detail = message === undefined ? undefined : asGiven(message)
  if (known !== undefined) return new Problem(known, detail)
  if (statusCode === 429) return new Problem('too-many-requests', detail)
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return new Problem('invalid-request', detail)
  return new Problem('internal', { zh: '原因见日志', en: 'the cause is in the log' })
}

const HEADERS = {
  'content-type': 'application/problem+json; charset=utf-8',
  'cache-control': 'no-store',
  vary: 'accept-language',
} as const

export function sendProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const document = problemDocument(problem, request.headers['accept-language'])
  return reply
    .code(document.status)
    .headers(HEADERS)
    .serializer((body: unknown) => JSON.stringify(body))
    .send(document)
}

/** The same for whom Fastify does not know. @param headers what every answer carries */
export function answerOfProblem(
  problem: Problem,
  acceptLanguage: string | undefined,
  headers: Readonly<Record<string, string>>,
): [head: AnswerHead, body: Body] {
  const document = problemDocument(problem, acceptLanguage)
  const fields = Object.entries({ ...headers, ...HEADERS }).flat()
  return [new AnswerHead(document.status, fields), Buffer.from(JSON.stringify(document))]
}

/** A fault of the gateway's own, and so one for its log. */
export const isOwnFault = ({ code }: Problem): boolean => code === 'internal' || code === 'storage-failure'
