/** As `scripts/up` and the Dockerfile start the gateway, for whoever else does. */
export const GATEWAY_FLAGS = ['--max-semi-space-size=8', '--heap-growing-percent=100']
