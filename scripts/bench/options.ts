/** `--name 5` of the command line. */
export function option(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? fallback : Number(process.argv[at + 1])
}

export const flag = (name: string): boolean => process.argv.includes(`--${name}`)
