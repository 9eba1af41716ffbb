/**
 * The error that no session with upstream can be had now.
 */

/** Upstream cannot be used now. `why` is for metrics: a few literal words. */
export class UpstreamUnavailable extends Error {
  readonly code = 'ERR_UPSTREAM_UNAVAILABLE'
  readonly why: 'connect' | 'greeting' | 'loop' | 'tls' | 'login' | 'protocol'
  constructor(why: UpstreamUnavailable['why'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'UpstreamUnavailable'
    this.why = why
  }
}
