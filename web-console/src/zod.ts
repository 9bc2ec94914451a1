import { config, z } from 'zod/v4'

// Zod compiles its parsers with `new Function`, which the content security policy rightly forbids. This must be said
// before the first schema is made, so the build puts this file in the place of every `import 'zod'`.
config({ jitless: true })

export { z }
