/**
 * How an engine of the Store fails: one error, whose message says to an operator what is in the way and what to do.
 */

/**
 * `ERR_STORE_LOCKED`: another server has the store open. `ERR_STORE_SCHEMA`: a newer version of rebond wrote it. Both are met when it is
 * opened only; `ERR_STORE_UNAVAILABLE`: everything else, at any time.
 */
export type StoreErrorCode = 'ERR_STORE_UNAVAILABLE' | 'ERR_STORE_LOCKED' | 'ERR_STORE_SCHEMA'

/** The engine cannot answer now; what was asked did not happen, or is in doubt and was not acknowledged. */
export class StoreUnavailable extends Error {
  readonly code: StoreErrorCode
  constructor(message: string, options: ErrorOptions & { readonly code?: StoreErrorCode } = {}) {
    super(message, options)
    this.name = 'StoreUnavailable'
    this.code = options.code ?? 'ERR_STORE_UNAVAILABLE'
  }
}
