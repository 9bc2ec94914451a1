import { useMemo } from 'preact/hooks'
import { useParts } from '../parts.ts'
import { type AdminCalls, createAdminCalls } from './admin-calls.ts'

export function useAdminCalls(): AdminCalls {
  const { client } = useParts()
  return useMemo(() => createAdminCalls(client), [client])
}
