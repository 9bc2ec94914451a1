/** A guard taken out, and the test that must notice. */
export interface Mutant {
  name: string
  /** Below gateway/. */
  file: string
  find: string
  put: string
  test: string
}

type Break = (name: string, find: string, put: string) => Mutant

/** @param test the one that watches over `file` */
export const on =
  (file: string, test: string): Break =>
  (name, find, put) => ({ name, file, find, put, test })
