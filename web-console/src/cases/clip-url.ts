/** Where a clip is opened; `case` stands for the case it belongs to, a download needs words. */
export const clipUrl = (id: string, reason: string, { download = false } = {}): string =>
  `/api/v1/clips/${id}?${new URLSearchParams({ reason, ...(download ? { download: 'true' } : {}) })}`
